// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three pages are freed at once of which the middle one is scratch, while the kernel touches
 * the last.
 *
 * Failure: the free stops at the scratch page, and the last page stays mapped (I4, I9).
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	if (arena_alloc(arena, 0) != 1 || arena_alloc(arena, 2) != 1)
		return -ENOMEM;
	arena_kfunc_read(arena, 1);
	return 0;
}

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 2);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free_all(arena);
}

SCENARIO(free_range_with_scratch) = {
	.name = "free-range-with-scratch",
	.n_pages = 3,
	.setup = setup,
	.actors = {
		{ "fault", run_fault },
		{ "free", run_free },
	},
};
