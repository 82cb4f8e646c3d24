// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a schedule that looks as if it had come round has: by all of the guest's memory.
 *
 * stepper_state_key() sees PTEs, lock, TLBs and registers.  A loop that counts in memory has
 * equal keys, and comes to an end all the same.  So a schedule that ends in a cycle is run
 * again, its memory kept at the cycle's first state and compared at its last, and drgn says
 * whose the words are that differ (analysis/helpers/memory.py).  Some may grow without end; if
 * others differ the schedule goes on, a few times round.
 */
#pragma once

#include "guest/guest.h"
#include "schedule/outcome.h"
#include "step/stepper.h"

typedef struct {
	guint since;		/* no cycle begins before this step: it is none */
	int rounds;		/* that were none, so far */
	bool asked;		/* the memory is compared this time */
	guint from;		/* … with that at this step … */
	Mark *memory;		/* … which is this, once it was there */
} Cycle;

/* For a new plan. */
void cycle_begin(Cycle *cycle);
void cycle_clear(Cycle *cycle);

/* Right before step @step, wherever the schedule goes: keep the memory if it is asked for. */
bool cycle_at(Cycle *cycle, const Guest *guest, guint step, GError **error);

/* Whether a state that was there at @from, too, may be one where a cycle closes. */
bool cycle_may_close(const Cycle *cycle, guint from);

/*
 * @outcome ends in a cycle, and the guest stands there.  *@ret_again: run the plan again.  Else
 * @outcome has what has grown in it, and what it is a state of its own by, if it is.
 */
bool cycle_settle(Cycle *cycle, const Guest *guest, const Stepper *stepper, Outcome *outcome,
		  bool *ret_again, GError **error);
