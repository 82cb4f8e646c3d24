// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which order of two events a violation hangs on.
 *
 * The orders that matter are those of two dependent events of different threads with
 * nothing in between that must come between them (happens-before's own edges).  Each is
 * turned round, everything else left as near to the schedule as it can be, and what
 * comes of it is run, not guessed.
 */
#pragma once

#include "explore/run.h"

/* Steps count from 0. */
typedef struct {
	guint first, second;	/* the order in the schedule */
	Outcome *nearest;	/* turned round and otherwise the same; NULL: it cannot be */
	bool gone;		/* … and the invariant holds there */
	/* other ways to go on once it is turned round: run, and violating the same */
	int executed, violating;
	bool all;		/* there are no more */
} Flip;

/*
 * Turn round every order up to the violation in @outcome, the result of @schedule, and follow
 * each in up to @max schedules.  Elements are Flip *; ordered by first, then second.
 */
GPtrArray *explain_flips(Session *session, const Outcome *outcome, int max, GError **error);

/* The flip that mends it best: fewest others violate, the later one of equals; NULL: none does. */
const Flip *explain_cause(const GPtrArray *flips);
