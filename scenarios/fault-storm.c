// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same page allocated, freed and allocated again while the kernel faults on it.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t run_owner(struct arena *arena)
{
	arena_alloc(arena, 0);
	arena_free(arena, 0);
	return arena_alloc(arena, 0);
}

SCENARIO(fault_storm) = {
	.name = "fault-storm",
	.n_pages = 1,
	.actors = {
		{ "fault", run_fault },
		{ "owner", run_owner },
	},
};
