// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two allocations of one page: exactly one gets it.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

static int64_t alloc2(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

SCENARIO(alloc_vs_alloc) = {
	.name = "alloc-vs-alloc",
	.n_pages = 1,
	.actors = {
		{ "alloc", alloc },
		{ "alloc2", alloc2 },
	},
};
