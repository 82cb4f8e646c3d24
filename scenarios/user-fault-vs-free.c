// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space touches a page for the first time while it is freed.
 *
 * The fault takes the page under the arena's lock and puts it into the user PTE later; the free
 * clears the kernel's PTE, zaps user space's and gives the page back.  Failure: user space has
 * the page mapped although the free is over (I12).
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc(arena, 0) == 1 ? 0 : -ENOMEM;
}

static int64_t run_user(struct arena *arena)
{
	return arena_user_touch(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

SCENARIO(user_fault_vs_free) = {
	.name = "user-fault-vs-free",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "user", run_user },
		{ "free", run_free },
	},
};
