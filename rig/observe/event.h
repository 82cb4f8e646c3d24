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

#include "observe/decode.h"

enum { MAX_ACTORS = 8, MAX_PAGES = 8 };

typedef enum {
	EVENT_NONE,
	EVENT_PTE,		/* an instruction on a watched PTE */
	EVENT_ACCESS,		/* a load or store on a watched arena page */
	EVENT_RETURN,		/* the operation returns to user space */
} EventKind;

typedef struct {
	EventKind kind;
	int actor;
	int page;		/* index of the watched page; -1 for RETURN */
	Access access;		/* for PTE and ACCESS */
	bool faulted;		/* ACCESS: it took a page fault instead */
	guint64 pc;
	gint64 result;		/* RETURN: what the operation returned */
	guint64 before[MAX_PAGES], after[MAX_PAGES];	/* raw PTEs around it */
} Event;

/* x86-64 PTE bits (Intel SDM vol. 3, 4.5). */
static const guint64 PTE_PRESENT = 1;
static const guint64 PTE_PFN_MASK = 0x000ffffffffff000;

static inline bool pte_present(guint64 pte)
{
	return pte & PTE_PRESENT;
}

static inline guint64 pte_pfn(guint64 pte)
{
	return (pte & PTE_PFN_MASK) >> 12;
}
