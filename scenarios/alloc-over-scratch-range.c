// SPDX-License-Identifier: GPL-2.0-only
/*
 * The allocation of three pages in one piece, the second of which maps scratch, against a
 * kernel fault on the third.
 *
 * The allocation clears scratch where it finds it, page by page, and keeps its place in
 * the range.  Failure: a page left out, a page in the wrong place, an allocation that
 * fails or succeeds in part.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	arena_kfunc_read(arena, 1);
	return 0;
}

static int64_t run_alloc(struct arena *arena)
{
	return arena_alloc_all(arena);
}

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 2);
}

SCENARIO(alloc_over_scratch_range) = {
	.name = "alloc-over-scratch-range",
	.n_pages = 3,
	.setup = setup,
	.actors = {
		{ "alloc", run_alloc },
		{ "fault", run_fault },
	},
};
