// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two kernel reads of neighbouring unallocated pages: each gets scratch, once.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t run_fault2(struct arena *arena)
{
	return arena_kfunc_touch(arena, 1);
}

SCENARIO(fault_vs_fault_neighbours) = {
	.name = "fault-vs-fault-neighbours",
	.n_pages = 2,
	.actors = {
		{ "fault", run_fault },
		{ "fault2", run_fault2 },
	},
};
