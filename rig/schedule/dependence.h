// SPDX-License-Identifier: GPL-2.0-only
/*
 * From events to footprints: which objects an event touches, or will touch.
 *
 * An event touches what it does in the guest, what it does to the models (whose a page is, what
 * TLBs may hold), and what the invariants that judge it read: else a reduction would leave out
 * the one order in which a check has something to say.
 */
#pragma once

#include "event/tlb.h"
#include "schedule/footprint.h"

/* Where a schedule stands, as far as it decides what its next events touch.  All zeroes, and the
 * fields a caller sets, is its start. */
typedef struct {
	int n_pages;			/* set by the caller */
	gint64 scratch[MAX_PAGES];	/* … frame of the scratch page of each one's arena; -1: none */
	int n_more, more[MAX_PTES];	/* … of each PTE that is watched besides: its page */
	/* has put a page of the allocator there, and has not returned since */
	bool installed[MAX_ACTORS][MAX_PAGES];
	/* has taken one out of there, and has not returned since */
	bool taken[MAX_ACTORS][MAX_PAGES];
} Dependence;

/*
 * What a pending event may touch; the step it begins may touch more.  Where an access goes is a
 * matter of its PTE and its vCPU's TLB, which are objects of their own: as long as nobody changes
 * them it reaches one of the frames that they lead to now, by @ptes and @tlb.  NULL: it may be any.
 */
const Footprint *footprint_of_pending(const Event *event, const guint64 *ptes, const Tlb *tlb);

/*
 * What a step touched, given its events (of Event) in order: the decision, which is known to have
 * written only if a PTE changed, and all that was merged into it.  Also to be told of what is no
 * step, on the way to the first one and while nobody could move.
 */
const Footprint *footprint_of_step(Dependence *dependence, const GArray *events);
