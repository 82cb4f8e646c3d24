// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel read of an allocated page, against the free of that page.
 *
 * The free takes the page out of the PTE, tells every vCPU to forget the translation
 * and gives the page back; the read sees the page, or faults and gets scratch.
 * Failure: the scratch page is freed, or the fault never gets past the empty PTE.
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc(arena, 0) == 1 ? 0 : -ENOMEM;
}

static int64_t fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

SCENARIO(fault_vs_free) = {
	.name = "fault-vs-free",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "fault", fault },
		{ "free", run_free },
	},
};
