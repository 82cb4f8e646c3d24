// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two kernel reads of one unallocated page: one installs scratch, the other finds it.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t run_fault2(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

SCENARIO(fault_vs_fault) = {
	.name = "fault-vs-fault",
	.n_pages = 1,
	.actors = {
		{ "fault", run_fault },
		{ "fault2", run_fault2 },
	},
};
