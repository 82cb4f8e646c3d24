// SPDX-License-Identifier: GPL-2.0-only
/*
 * Four vCPUs on one page. Without preemptions 2,839 schedules; with two, millions.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t fault2(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

SCENARIO(two_faults_vs_alloc_vs_free) = {
	.name = "two-faults-vs-alloc-vs-free",
	.n_pages = 1,
	.actors = {
		{ "fault", fault },
		{ "fault2", fault2 },
		{ "alloc", alloc },
		{ "free", run_free },
	},
};
