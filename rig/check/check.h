// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariants that are cheap enough for every event.
 *
 * Checks read events and touch no machine.  Each is a row in a file of its own
 * (check-i1.c …) and adds to the violations of the schedule at hand.
 */
#pragma once

#include "catalog/invariant.h"
#include "check/invariant.h"
#include "event/tlb.h"

typedef struct {
	char *invariant;	/* "I1" */
	char *summary;		/* one sentence */
	int event;		/* index of the event that broke it; -1: found at the end */
	bool possible;		/* it may happen on hardware; what TCG did does not show it */
} Violation;

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
	int n_pages, n_actors;
	gint64 scratch[MAX_PAGES];	/* frame of the scratch page of each one's arena; -1: none */
	Ownership pages[MAX_PAGES];
	int faults[MAX_ACTORS];		/* #PF on watched pages, by actor */
	int emptied;			/* times a watched PTE became none */
	int lock_holder;		/* actor; -1: nobody */
	Tlb tlb;			/* as it is before the next event */
	GArray *faults_taken;		/* of FaultTaken: the kernel's own, in order */
	GArray *installed;		/* guint64: frames put into watched PTEs, scratch apart */
	GArray *freed;			/* guint64: frames given back */
	bool scratch_written;		/* a store went through a PTE that mapped scratch */
	bool destroyed;			/* the arena is being taken apart */
	bool freed_twice;		/* a page was; the schedule ends there */
	GPtrArray *violations;		/* of Violation */
	char *documented;		/* the first accepted anomaly, or NULL … */
	const char *documented_invariant;	/* … which it would violate … */
	int documented_event;		/* … and the event that showed it; -1: found at the end */
	int n_events;
} Check;

/* @scratch: the scratch frame that belongs to each page, -1 for none. */
Check *check_new(int n_actors, int n_pages, const gint64 *scratch);
void check_free(Check *check);

/* Forget everything: a new schedule, which starts with @ptes. */
void check_begin(Check *check, const guint64 *ptes);

/* Every invariant that looks at events, by number; then the bookkeeping. */
void check_event(Check *check, const Event *event);

/* The kernel oopsed or panicked under @actor, or nobody can go on: @waits says why. */
void check_crash(Check *check, const char *actor);
void check_deadlock(Check *check, const char *waits);

/* Add a violation; takes nothing. */
void check_violation(Check *check, const char *invariant, int event, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/* The violation added last is possible, not manifest. */
void check_last_is_possible(Check *check);

/* Something that is wrong and was accepted; only the first is kept. */
void check_document(Check *check, const char *invariant, int event, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/* @actor came back to a state it had been in, and nobody else had done anything. */
void check_livelock(Check *check, const char *actor);

/* The PTE of @page, with value @pte, maps its arena's scratch page. */
bool check_is_scratch(const Check *check, int page, guint64 pte);

/* Frame @pfn is the scratch page of one of the arenas. */
bool check_is_scratch_pfn(const Check *check, guint64 pfn);

/* The PTE of @page maps another one. */
bool check_is_page(const Check *check, int page, guint64 pte);

/*
 * Whether @event takes the page out of @page's PTE as a free does: it leaves none, or
 * holds the arena lock and leaves scratch (where every address is mapped at all times).
 */
bool check_takes_back(const Check *check, const Event *event, int page);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Check, check_free)
