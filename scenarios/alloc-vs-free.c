// SPDX-License-Identifier: GPL-2.0-only
/*
 * The allocation of a page that is being freed.
 *
 * Both take the arena lock: the loser waits for it.  Failure: an allocation that
 * succeeds while the old page is still mapped, or a free that takes the new one.
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc(arena, 0) == 1 ? 0 : -ENOMEM;
}

static int64_t alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

SCENARIO(alloc_vs_free) = {
	.name = "alloc-vs-free",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "alloc", alloc },
		{ "free", run_free },
	},
};
