// SPDX-License-Identifier: GPL-2.0-only
/*
 * A free that is not due, against the allocation it may hit.
 *
 * The free finds nothing, or takes away what was just allocated.  Failure: range
 * tree and PTE disagree afterwards.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

SCENARIO(alloc_vs_free_unallocated) = {
	.name = "alloc-vs-free-unallocated",
	.n_pages = 1,
	.actors = {
		{ "alloc", run_alloc },
		{ "free", run_free },
	},
};
