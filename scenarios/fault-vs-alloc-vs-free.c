// SPDX-License-Identifier: GPL-2.0-only
/*
 * All three at once on a page that nobody has allocated yet.
 *
 * The free may come first, and finds nothing, or scratch, or the page that was just
 * allocated.  Failure: any of I1 to I5.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t fault(struct arena *arena)
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

SCENARIO(fault_vs_alloc_vs_free) = {
	.name = "fault-vs-alloc-vs-free",
	.n_pages = 1,
	.actors = {
		{ "fault", fault },
		{ "alloc", alloc },
		{ "free", run_free },
	},
};
