// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space touches a page that a kernel fault has scratched, while it is allocated.
 *
 * Before the allocation it gets SIGSEGV (-14), after it the page; never the scratch page.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	return 0;
}

static int64_t run_user(struct arena *arena)
{
	return arena_user_touch(arena, 0);
}

static int64_t run_alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

SCENARIO(user_fault_on_scratch) = {
	.name = "user-fault-on-scratch",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "user", run_user },
		{ "alloc", run_alloc },
	},
};
