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

#include "arch/arch.h"
#include "arch/insn.h"
#include "arch/pte.h"
#include "event/kinds.h"

enum {
	MAX_ACTORS = 8,
	MAX_PAGES = 8,
	MAX_PTES = 24,		/* watched: one of the kernel's for each page, and those of processes */
	MAX_LOCKS = 16,
	MAX_WORDS = 64,
	MAX_FAILING = 8,	/* kinds of calls that may fail */
};

/* A set of kinds of events is a word. */
#define EVENT_BIT(kind) (1u << (kind))

#define ROW(kind, token, decides, place, label, words, sentence) kind,
typedef enum { EVENT_KINDS(ROW) } EventKind;
#undef ROW

#define ROW(kind, token, decides, place, label, words, sentence) +1
enum { N_EVENT_KINDS = EVENT_KINDS(ROW) };
#undef ROW

/* The place of the instruction in the source. */
typedef enum {
	PLACE_NONE,		/* there is no one instruction */
	PLACE_KNOWN,		/* in traces and wherever there is room */
	PLACE_TOLD,		/* and beside the event in every text */
} EventPlace;

/* What is known by kind: a row of kinds.h. */
typedef struct {
	const char *token;
	EventPlace place;
	const char *label, *words, *sentence;
} EventKindRow;

/* Whose tables a vCPU walks beside the kernel's after FLUSH_BUT_GLOBAL: of a process, by its view, or … */
enum {
	ROOT_UNKNOWN = 0,	/* … that is not known: whose it walked */
	ROOT_KERNEL = -1,	/* … nobody's */
};

/* A read-modify-write without LOCK is two events. */
typedef enum { HALF_NONE, HALF_LOAD, HALF_STORE } EventHalf;

typedef struct Event {
	EventKind kind;
	int actor;		/* on whose vCPU */
	bool irq;		/* in an interrupt of that vCPU */
	int page;		/* index of the watched page; -1: none, or FLUSH: all */
	int view;		/* by whose address: 0: the kernel's; from 1: a process's */
	int slot;		/* of view's PTE, if that is a process's; -1: it is not watched */
	Access access;		/* for PTE, ACCESS and WORD */
	EventHalf half;
	Flush flush;
	int root;		/* FLUSH_BUT_GLOBAL: a view, or one of ROOT_… */
	bool opaque;		/* IRQ: interrupts here touch more than TLBs; it may be anything */
	int lock;		/* LOCK, UNLOCK, HOLD: which; WORD: the one that guards it, or -1 */
	int failing;		/* CALL, FAIL: index of what is called, or … */
	bool gives_up;		/* … FAIL: it gives up @lock, which somebody else holds */
	bool leaves;		/* FAIL: where the kernel says that it leaves pages behind then */
	bool guards;		/* LOCK: PTEs are changed under it, and pages allocated; not in traces */
	int word;		/* WORD: which … */
	gint32 count;		/* WORD that is anybody's, whose lock is -1: what it is now */
	bool kept;		/* … and was before: a cmpxchg found something else; not in traces */
	bool beside;		/* … and what it changed is nobody's business; not in traces */
	bool lockless;		/* … by a function that needs no lock for it, by design */
	int group;		/* DESTROY: of what pages */
	int to;			/* SEND: the actor of that vCPU */
	bool faulted;		/* ACCESS: it took a page fault instead */
	bool stale;		/* ACCESS: let go through a translation that is not the PTE's any more */
	guint64 landed;		/* ACCESS: the frame it really used; 0: not seen */
	int offset, bytes;	/* ACCESS that landed and stores: where in the page; 0 bytes: not seen … */
	guint64 stored;		/* … and what is there now */
	guint32 program;	/* ACCESS that faulted in the kernel: under which BPF program */
	guint64 pc;
	guint64 pfn;		/* FREE: which frame */
	guint32 lazy;		/* FREE: bits of actors: their vCPUs only borrow a process's tables then */
	bool double_free;	/* FREE: it was free already, and the allocator is no more to be trusted */
	gint64 result;		/* RETURN: what the operation returned */
	/* Raw PTEs around it: the kernel's by page, then the others that are watched. */
	guint64 before[MAX_PTES], after[MAX_PTES];
} Event;

static inline bool event_is_decision(const Event *event)
{
	return event->kind < EVENT_UNLOCK;
}

/* Which of before and after is its PTE: of PTE, and of an access or flush; -1: that is not watched. */
static inline int event_slot(const Event *event)
{
	return event->view ? event->slot : event->page;
}

/* A compare-and-exchange that found something else. */
static inline bool event_failed(const Event *event)
{
	return event->kind == EVENT_PTE && event->access == ACCESS_CMPXCHG &&
	       event->before[event_slot(event)] == event->after[event_slot(event)];
}

/* Of a PTE: the event only looks. */
static inline bool event_reads(const Event *event)
{
	return event->access == ACCESS_READ || event->half == HALF_LOAD;
}

static inline bool event_is_kernel(const Event *event)
{
	return arch_is_kernel(event->pc);
}

/* By the kernel, and through its own page tables. */
static inline bool event_uses_kernel_view(const Event *event)
{
	return event_is_kernel(event) && !event->view;
}

const EventKindRow *event_kind_row(EventKind kind);
const char *access_name(Access access);

/*
 * How a schedule names @event: "cmpxchg apply_range_set_cb+0x4b page0".  @where: of its
 * instruction; @target: of SEND, the actor, of LOCK but the first the lock, of WORD the word, of
 * CALL and FAIL what is called; either may be NULL where the kind has none.
 * The caller's.
 */
char *event_label(const Event *event, const char *where, const char *target);

/* @template with each {name} replaced by what @field makes of the name; the caller's. */
typedef char *(*TemplateFunc)(const char *name, gconstpointer data);
char *template_fill(const char *template, TemplateFunc field, gconstpointer data);
