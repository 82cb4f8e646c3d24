// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel fault on an unallocated arena page, against the allocation of that
 * very page.
 *
 * The fault handler finds the PTE empty and installs the scratch page; the
 * allocator installs the page it hands out.  Failure: the scratch page ends up
 * in the PTE although the allocation succeeded (I1), so the program's data
 * silently goes to a page that every other fault shares.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t alloc(struct arena *arena)
{
	return arena_alloc(arena, 0);
}

static int64_t fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

SCENARIO(fault_vs_alloc) = {
	.name = "fault-vs-alloc",
	.n_pages = 1,
	.actors = {
		{ "alloc", alloc },
		{ "fault", fault },
	},
};
