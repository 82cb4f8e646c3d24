// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel faults in the first page of the arena's 4 GiB and in the last one of its upper
 * guard zone: the edges of what is recovered.
 *
 * Failure: an oops, off by one (I5).
 */
#include "lib/arena.h"
#include "lib/guest.h"

static const int64_t edges[] = { ARENA_FIRST, ARENA_LAST };

static int64_t run_first(struct arena *arena)
{
	return arena_kfunc_peek(arena, ARENA_FIRST);
}

static int64_t run_last(struct arena *arena)
{
	return arena_kfunc_peek(arena, ARENA_LAST);
}

SCENARIO(fault_at_edges) = {
	.name = "fault-at-edges",
	.n_pages = 2,
	.pages = edges,
	.actors = {
		{ "first", run_first },
		{ "last", run_last },
	},
};
