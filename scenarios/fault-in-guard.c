// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel faults in the arena's guard zones, as of kfuncs that add an offset to what they
 * were given: two at once in the upper zone, one in the lower.
 *
 * The upper zone is recovered like the arena itself; the lower one is out of reach of
 * honest kfuncs, and a fault there has to end in an oops.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static const int64_t guards[] = { ARENA_UPPER_GUARD, ARENA_LOWER_GUARD };

static int64_t run_upper(struct arena *arena)
{
	return arena_kfunc_peek(arena, ARENA_UPPER_GUARD);
}

static int64_t run_upper2(struct arena *arena)
{
	return arena_kfunc_peek(arena, ARENA_UPPER_GUARD);
}

static int64_t run_lower(struct arena *arena)
{
	return arena_kfunc_peek(arena, ARENA_LOWER_GUARD);
}

SCENARIO(fault_in_guard) = {
	.name = "fault-in-guard",
	.n_pages = 2,
	.pages = guards,
	.actors = {
		{ "upper", run_upper },
		{ "upper2", run_upper2 },
		{ "lower", run_lower },
	},
};
