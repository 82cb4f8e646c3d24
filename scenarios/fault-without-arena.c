// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program without an arena hands a bad pointer into somebody's arena to a kfunc, while
 * a program of that arena faults in it, too.
 *
 * Nobody asked for the first one's access to be recovered: it has to end in an oops.
 * Failure: it gets the arena's scratch page.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t run_stray(struct arena *arena)
{
	return arena_stray_peek(arena, 1);
}

SCENARIO(fault_without_arena) = {
	.name = "fault-without-arena",
	.n_pages = 2,
	.actors = {
		{ "fault", run_fault },
		{ "stray", run_stray },
	},
};
