// SPDX-License-Identifier: GPL-2.0-only
/*
 * One vCPU frees a page that user space goes on using, and another allocates the address again.
 *
 * Failure: user space reaches the page that was there before although the address has been
 * allocated (I7), or keeps it after the free (I12).
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
	return arena_free(arena, 0);
}

static int64_t run_alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

SCENARIO(user_access_vs_free_vs_alloc) = {
	.name = "user-access-vs-free-vs-alloc",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "user", run_user },
		{ "free", run_free },
		{ "alloc", run_alloc },
	},
};
