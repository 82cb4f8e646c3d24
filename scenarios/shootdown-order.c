// SPDX-License-Identifier: GPL-2.0-only
/*
 * A free and its TLB shootdown against two readers: every order of the PTE clear, the
 * release of the lock, the flush IPIs and their handling on each vCPU.
 *
 * Failure: the page goes back to the allocator before all have served the IPI (I6).
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc(arena, 0) == 1 ? 0 : -ENOMEM;
}

static int64_t run_read(struct arena *arena)
{
	return arena_kfunc_read(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0);
}

SCENARIO(shootdown_order) = {
	.name = "shootdown-order",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "free", run_free },
		{ "reader", run_read },
		{ "reader2", run_read },
	},
};
