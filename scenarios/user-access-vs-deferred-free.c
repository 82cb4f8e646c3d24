// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space goes on using a page that a kernel worker frees.
 *
 * Failure: the user PTE, or a translation of it, outlives the free (I12, I6).
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	if (arena_alloc(arena, 0) != 1)
		return -ENOMEM;
	return arena_user_touch(arena, 0) < 0 ? -EFAULT : 0;
}

static int64_t run_user(struct arena *arena)
{
	return arena_user_touch(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free_deferred(arena, 0);
}

SCENARIO(user_access_vs_deferred_free) = {
	.name = "user-access-vs-deferred-free",
	.n_pages = 1,
	.lingers = true,
	.setup = setup,
	.actors = {
		{ "user", run_user },
		{ "free", run_free },
	},
};
