// SPDX-License-Identifier: GPL-2.0-only
/*
 * A double free: one of the two gets the page, the other finds an empty PTE.
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	if (arena_alloc(arena, 0) != 1)
		return -ENOMEM;
	return 0;
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

static int64_t run_free2(struct arena *arena)
{
	return arena_free(arena, 0);
}

SCENARIO(free_vs_free) = {
	.name = "free-vs-free",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "free", run_free },
		{ "free2", run_free2 },
	},
};
