// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU that has the scratch translation goes on using the address while another one
 * allocates it.
 *
 * What the thread accepted: until its translation goes, what it writes is lost.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_user(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	arena_kfunc_write(arena, 0);
	return arena_kfunc_read(arena, 0);
}

static int64_t run_alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

SCENARIO(stale_scratch) = {
	.name = "stale-scratch",
	.n_pages = 1,
	.actors = {
		{ "user", run_user },
		{ "alloc", run_alloc },
	},
};
