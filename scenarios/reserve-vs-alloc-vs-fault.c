// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page is reserved and allocated at once, while the kernel faults on it.
 *
 * One of the two gets it.  A reserved page stays empty or scratch, and no report is lost.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_reserve(struct arena *arena)
{
	return arena_reserve(arena, 0);
}

static int64_t run_alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

SCENARIO(reserve_vs_alloc_vs_fault) = {
	.name = "reserve-vs-alloc-vs-fault",
	.n_pages = 1,
	.actors = {
		{ "reserve", run_reserve },
		{ "alloc", run_alloc },
		{ "fault", run_fault },
	},
};
