// SPDX-License-Identifier: GPL-2.0-only
/*
 * The allocation of a page whose PTE maps scratch, against one more kernel read.
 *
 * The allocation has to clear the scratch PTE and to put its page there; the read goes
 * to scratch, or faults again.  Failure: an allocation that fails, never ends or
 * succeeds without its page.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	return 0;
}

static int64_t run_alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

SCENARIO(alloc_over_scratch) = {
	.name = "alloc-over-scratch",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "alloc", run_alloc },
		{ "fault", run_fault },
	},
};
