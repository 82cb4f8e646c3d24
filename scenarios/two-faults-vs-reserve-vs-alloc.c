// SPDX-License-Identifier: GPL-2.0-only
/*
 * Four vCPUs on one page, small enough for two preemptions in full: it is reserved and
 * allocated at once, while the kernel faults on it twice.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t run_reserve(struct arena *arena)
{
	return arena_reserve(arena, 0);
}

static int64_t run_alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

SCENARIO(two_faults_vs_reserve_vs_alloc) = {
	.name = "two-faults-vs-reserve-vs-alloc",
	.n_pages = 1,
	.actors = {
		{ "fault", run_fault },
		{ "fault2", run_fault },
		{ "reserve", run_reserve },
		{ "alloc", run_alloc },
	},
};
