// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariants that are cheap enough for every event.
 *
 * Checks read events and touch no machine.  Each is a row in a file of its own
 * (check-i1.c …) and adds to the violations of the schedule at hand.
 */
#pragma once

#include "catalog/invariant.h"
#include "event/end.h"
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
	bool by_user;		/* for user space: who put it there had looked for a PTE of a process first */
} Ownership;

/* A kernel fault that the program should hear of. */
typedef struct {
	int actor, page;
	bool write;
	guint32 program;
} FaultTaken;

/* A frame that a free has taken out of the kernel's PTE, and that is not known to be free since. */
typedef struct {
	int by;			/* actor … */
	bool returned;		/* … whose operation is over */
	int page;
	guint64 pfn;
} FrameTaken;

typedef struct Check {
	TraceHeader header;
	int n_pages, n_actors;		/* of the header, … */
	const gint64 *scratch;		/* … and frame of each page's scratch page; -1: none */
	Ownership pages[MAX_PAGES];
	int faults[MAX_ACTORS][MAX_PAGES];	/* the kernel's page faults, … */
	int fault_emptied[MAX_ACTORS][MAX_PAGES];	/* … and what emptied was at the last of them */
	int emptied[MAX_PAGES];		/* times the PTE became none */
	guint32 walked[MAX_ACTORS];	/* bits of pages: its operation has looked at a PTE of a process */
	int last_fault[MAX_ACTORS];	/* page of the kernel fault that was its last event; -1 */
	guint64 ptes[MAX_PTES];	/* as they were after the event before */
	struct {
		int actor;		/* -1: nobody … */
		bool irq;		/* … or an interrupt on its vCPU */
	} holders[MAX_LOCKS];
	int begun[MAX_ACTORS];		/* number of the first event of each one's operation; -1: none yet */
	/* Of each page that is mapped no more: who took it out, and when that returned; -1: not */
	struct {
		int by, returned;
	} left[MAX_PAGES];
	Tlb tlb;			/* as it is before the next event */
	GArray *faults_taken;		/* of FaultTaken: the kernel's own, in order */
	GArray *taken;			/* of FrameTaken */
	GArray *installed;		/* guint64: frames put into watched PTEs, scratch apart */
	GArray *frames_freed;		/* guint64: freed */
	guint8 *stored[MAX_PAGES];	/* by arena: what the kernel stored in its scratch page; NULL */
	bool scratch_written;		/* a store may have gone to scratch, and nobody saw what or where */
	guint32 unused;			/* bits of views: of processes that nobody uses any more */
	bool ended[MAX_PAGES];		/* by arena: it is being taken apart */
	guint32 failed;			/* bits of actors of which a call failed */
	guint64 left_behind[MAX_PAGES];	/* frame that was there when a free left its pages behind and
					 * is there since; 0: none */
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
 * Add to @ret all that what is still to come is judged by; what was found so far is not in it.  Two
 * equal ones judge equal events alike, if nobody is in the middle of an operation.
 */
void check_state(const Check *check, GByteArray *ret);

/* Every invariant that looks at how a schedule ended, by number. */
void check_end(Check *check, const End *end);

/*
 * Of what the end shows: like check_found(), but of an invariant that is violated already it
 * tells nothing more.
 */
void check_found_at_end(Check *check, const Violation *found);

/* Whether the actor @actor ended in the oops that the scenario declares: that page, by a page fault. */
bool check_is_declared_oops(const Check *check, const End *end, int actor);

/* The PTE of @page, with value @pte, maps its arena's scratch page. */
bool check_is_scratch(const Check *check, int page, guint64 pte);

/* The arena that frame @pfn is the scratch page of; -1: none. */
int check_scratch_group(const Check *check, guint64 pfn);

/* And back; -1: it has none. */
gint64 check_group_scratch(const Check *check, int arena);

/* How often frame @pfn was freed. */
int check_freed(const Check *check, gint64 pfn);

/* Of guint64: the frames that were handed out more often than the events free them; the caller's. */
GArray *check_not_freed(const Check *check);

/* The PTE of @page maps another one. */
bool check_is_page(const Check *check, int page, guint64 pte);

/* Who does @event, an actor or an interrupt on its vCPU, holds lock @guard. */
bool check_holds(const Check *check, const Event *event, int guard);

/* The same of the lock that guards @page; or none does. */
bool check_holds_lock(const Check *check, const Event *event, int page);

/* The arena of @page is being taken apart: what it promised ends with it. */
bool check_has_ended(const Check *check, int page);

/*
 * Whether @event takes the page out of @page's PTE as a free does: by the holder of the lock
 * that guards it (by anybody, if none does), or at the arena's end, which is
 * nobody's to race with; it leaves none, or scratch where the kernel says that a free does.
 */
bool check_takes_back(const Check *check, const Event *event, int page);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Check, check_free)
