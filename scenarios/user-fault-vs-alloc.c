// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space touches an address for the first time while it is allocated.
 *
 * Whoever comes first allocates the page: the other one finds that, or fails.
 * Failure: user space and the kernel have different pages at one address (I12).
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_user(struct arena *arena)
{
	return arena_user_touch(arena, 0);
}

static int64_t run_alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

SCENARIO(user_fault_vs_alloc) = {
	.name = "user-fault-vs-alloc",
	.n_pages = 1,
	.actors = {
		{ "user", run_user },
		{ "alloc", run_alloc },
	},
};
