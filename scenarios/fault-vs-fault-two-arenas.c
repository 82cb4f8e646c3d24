// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two kernel faults at the same offset of two arenas: each has a scratch page of its own.
 *
 * Failure: one arena's scratch page in the other's PTE (I4), or a report in the stream of
 * the other's program (I11).
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t run_fault2(struct arena *arena)
{
	(void)arena;
	return arena_kfunc_touch(arena_nth(1), 0);
}

SCENARIO(fault_vs_fault_two_arenas) = {
	.name = "fault-vs-fault-two-arenas",
	.n_pages = 1,
	.n_arenas = 2,
	.actors = {
		{ "fault", run_fault },
		{ "fault2", run_fault2 },
	},
};
