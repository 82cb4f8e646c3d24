// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space goes on using a page that is freed together with its neighbour.
 *
 * Two pages are zapped in any case, before either is given back.
 * Failure: the user PTE, or a translation of it, outlives the free (I12, I6).
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	if (arena_alloc_all(arena) != 1)
		return -ENOMEM;
	return arena_user_touch(arena, 0) < 0 ? -EFAULT : 0;
}

static int64_t run_user(struct arena *arena)
{
	return arena_user_touch(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free_all(arena);
}

SCENARIO(user_access_vs_free_pages) = {
	.name = "user-access-vs-free-pages",
	.n_pages = 2,
	.setup = setup,
	.actors = {
		{ "user", run_user },
		{ "free", run_free },
	},
};
