// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads use a page that one of them has mapped for both, while it is freed.
 *
 * Both fault once it is zapped, and one of them allocates a page anew.
 * Failure: a user PTE that outlives the free (I12), or a page leaked (I9).
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

static int64_t run_other(struct arena *arena)
{
	return arena_user_touch(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

SCENARIO(two_users_vs_free) = {
	.name = "two-users-vs-free",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "user", run_user },
		{ "other", run_other },
		{ "free", run_free },
	},
};
