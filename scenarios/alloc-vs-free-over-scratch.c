// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free and allocation of a page whose PTE maps scratch, while a third vCPU has nothing to
 * do but to answer interrupts.
 *
 * Nobody has allocated the page.  Failure: what the free does to the scratch PTE on other
 * vCPUs takes away what the allocation has put there (I2).
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

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

static int64_t run_bystander(struct arena *arena)
{
	(void)arena;
	return 0;
}

SCENARIO(alloc_vs_free_over_scratch) = {
	.name = "alloc-vs-free-over-scratch",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "free", run_free },
		{ "alloc", run_alloc },
		{ "bystander", run_bystander },
	},
};
