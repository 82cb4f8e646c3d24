// SPDX-License-Identifier: GPL-2.0-only
/*
 * The free of a page whose PTE maps scratch, against one more kernel read.
 *
 * Nobody has allocated the page.  Failure: the scratch page is freed or counted.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	return 0;
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

SCENARIO(free_over_scratch) = {
	.name = "free-over-scratch",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "free", run_free },
		{ "fault", run_fault },
	},
};
