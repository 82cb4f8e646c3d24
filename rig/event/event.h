// SPDX-License-Identifier: GPL-2.0-only
/*
 * One visible operation of an actor, and what it did to the watched PTEs.
 *
 * Values are named, not numbered ("scratch", "page1"), so that a trace is the
 * same whatever physical pages a boot happened to hand out.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum { MAX_ACTORS = 8, MAX_PAGES = 8 };

typedef enum {
	ACCESS_NONE,
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_CMPXCHG,		/* with LOCK */
	ACCESS_XCHG,		/* locked by itself */
	ACCESS_RMW,		/* read-modify-write; atomic only with LOCK */
} Access;

/* What an instruction takes out of the TLB (SDM vol. 3, 4.10.4.1). */
typedef enum {
	FLUSH_NONE,
	FLUSH_PAGE,		/* INVLPG: one page, global or not */
	FLUSH_PCID,		/* INVPCID */
	FLUSH_CR3,		/* MOV to CR3: all but global pages */
	FLUSH_CR4,		/* MOV to CR4 that changes PGE: everything */
} Flush;

typedef enum {
	EVENT_NONE,
	/* what the explorer decides about */
	EVENT_PTE,		/* an instruction on a watched PTE, or half of one */
	EVENT_ACCESS,		/* a load or store on a watched arena page */
	EVENT_MASK,		/* the vCPU stops taking interrupts, on its way to the lock */
	EVENT_LOCK,		/* the arena lock is taken */
	EVENT_FREE,		/* a page goes back to the allocator */
	EVENT_IRQ,		/* the vCPU serves what another one asked of it */
	EVENT_EVICT,		/* its TLB gives up what it holds, by itself */
	/* what goes with the event before it: nobody else can tell when it happens */
	EVENT_UNLOCK,
	EVENT_FLUSH,		/* the vCPU drops translations */
	EVENT_SEND,		/* asks another vCPU to take an interrupt */
	EVENT_RETURN,		/* an operation has returned to user space, or all of them */
	EVENT_DESTROY,		/* the arena's last user is gone: the kernel takes it apart */
} EventKind;

/* A read-modify-write without LOCK is two events. */
typedef enum { HALF_NONE, HALF_LOAD, HALF_STORE } EventHalf;

typedef struct Event {
	EventKind kind;
	int actor;		/* on whose vCPU */
	bool irq;		/* in an interrupt of that vCPU */
	int page;		/* index of the watched page; -1: none, or FLUSH: all */
	Access access;		/* for PTE and ACCESS */
	EventHalf half;
	Flush flush;
	int to;			/* SEND: the actor of that vCPU */
	bool faulted;		/* ACCESS: it took a page fault instead */
	guint64 landed;		/* ACCESS: the frame it really used; 0: not seen */
	guint32 program;	/* ACCESS that faulted in the kernel: under which BPF program */
	guint64 pc;
	guint64 pfn;		/* FREE: which frame */
	bool freed;		/* FREE: it was free already, and the allocator is no more to be trusted */
	gint64 result;		/* RETURN: what the operation returned */
	guint64 before[MAX_PAGES], after[MAX_PAGES];	/* raw PTEs around it */
} Event;

static inline bool event_is_decision(const Event *event)
{
	return event->kind < EVENT_UNLOCK;
}

/* The kernel has addresses of its own in the upper half. */
static inline bool event_is_kernel(const Event *event)
{
	return (gint64)event->pc < 0;
}

/* x86-64 PTE bits (Intel SDM vol. 3, 4.5). */
static const guint64 PTE_PRESENT = 1, PTE_WRITABLE = 2;
static const guint64 PTE_PFN_MASK = 0x000ffffffffff000;

static inline bool pte_present(guint64 pte)
{
	return pte & PTE_PRESENT;
}

static inline guint64 pte_pfn(guint64 pte)
{
	return (pte & PTE_PFN_MASK) >> 12;
}
