// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader has a page warm in its TLB while it is freed and another vCPU allocates a page
 * elsewhere: the allocator may hand out the very frame.
 *
 * Failure: the frame goes back to the allocator while the reader may still reach it (I6).
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
	arena_kfunc_read(arena, 0);
	return arena_kfunc_read(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	arena_free(arena, 0);
	return arena_alloc(arena, 1);
}

SCENARIO(stale_after_free) = {
	.name = "stale-after-free",
	.n_pages = 2,
	.setup = setup,
	.actors = {
		{ "user", run_user },
		{ "free", run_free },
	},
};
