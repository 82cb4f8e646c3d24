// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariants that are cheap enough for every event.
 *
 * Checks read events and touch no machine.  Each is a row in a file of its own
 * (check-i1.c …) and adds to the violations of the schedule at hand.
 */
#pragma once

#include "catalog/invariant.h"
#include "event/header.h"
#include "event/tlb.h"
#include "event/violation.h"

/* Who holds which page, as the events so far say. */
typedef struct {
	bool installed;		/* a page of the allocator is in the PTE … */
	int by;			/* … put there by this actor … */
	bool owned;		/* … whose operation has returned it to the program */
	guint64 pfn;
	bool lost;		/* the PTE maps something else, and I2 said so */
} Ownership;

/* A kernel fault that the program should hear of. */
typedef struct {
	int actor, page;
	bool write;
	guint32 program;
} FaultTaken;

typedef struct Check {
	TraceHeader header;
	int n_pages, n_actors;		/* of the header, … */
	const gint64 *scratch;		/* … and frame of each page's scratch page; -1: none */
	Ownership pages[MAX_PAGES];
	int faults[MAX_ACTORS];		/* #PF of the kernel on watched pages, by actor … */
	int user_faults[MAX_ACTORS];	/* … and of user space */
	int returns[MAX_ACTORS];	/* operations of each that have returned */
	int emptied;			/* times a watched PTE became none */
	int begun[MAX_ACTORS];		/* number of the first event of each one's operation; -1: none yet */
	/* Of each page that is mapped no more: who took it out, and when that returned; -1: not */
	struct {
		int by, returned;
	} left[MAX_PAGES];
	int holders[MAX_LOCKS];		/* of each lock: actor; -1: nobody */
	Tlb tlb;			/* as it is before the next event */
	GArray *faults_taken;		/* of FaultTaken: the kernel's own, in order */
	GArray *installed;		/* guint64: frames put into watched PTEs, scratch apart */
	GArray *frames_freed;		/* guint64: given back */
	bool scratch_written;		/* a store went through a PTE that mapped scratch */
	guint32 destroyed;		/* bits of groups: they are being taken apart */
	bool freed_twice;		/* a page was; the schedule ends there */
	GArray *violations;		/* of Violation, in the order found */
	GArray *documented;		/* of Violation: accepted; the first of each reason */
	int n_events;
	/*
	 * What the model of the TLBs cannot explain, or NULL.  The schedule has no verdict
	 * then: who checks by a wrong model is blind.
	 */
	const char *unexplained;
} Check;

/* Copies @header; its ptes are check_begin()'s. */
Check *check_new(const TraceHeader *header);
void check_free(Check *check);

/* Forget everything: a new schedule, which starts with @ptes. */
void check_begin(Check *check, const guint64 *ptes);

/* Every invariant that looks at events, by number; then the bookkeeping. */
void check_event(Check *check, const Event *event);

/* A violation of kind seen that @event showed (NULL: none did, it is found at the end). */
Violation check_violation(const Check *check, const char *invariant, const char *reason,
			  const Event *event);

/* It is @actor's, by name and vCPU. */
void check_blame(const Check *check, Violation *violation, int actor);

/* Keep a copy of @found.  Its reason must be in the row of its invariant. */
void check_found(Check *check, const Violation *found);

/*
 * How a schedule ended: the kernel oopsed or panicked under @actor; @actor came back to a
 * state it had been in, and nobody else had done anything; nobody can go on.
 */
void check_crash(Check *check, int actor);
void check_livelock(Check *check, int actor);
void check_deadlock(Check *check, const Wait *waits, int n);

/* The group of @page is being taken apart. */
static inline bool check_is_destroyed(const Check *check, int page)
{
	return page >= 0 && (check->destroyed >> check->header.groups[page] & 1);
}

/* The PTE of @page, with value @pte, maps its arena's scratch page. */
bool check_is_scratch(const Check *check, int page, guint64 pte);

/* Frame @pfn is the scratch page of one of the arenas. */
bool check_is_scratch_pfn(const Check *check, guint64 pfn);

/* The PTE of @page maps another one. */
bool check_is_page(const Check *check, int page, guint64 pte);

/*
 * Whether @event takes the page out of @page's PTE as a free does: by the holder of the
 * lock that guards it (by anybody, if none does), or at the arena's end, which is nobody's to
 * race with; it leaves none, or scratch (where every address is mapped at all times).
 */
bool check_takes_back(const Check *check, const Event *event, int page);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Check, check_free)
