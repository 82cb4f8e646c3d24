// SPDX-License-Identifier: GPL-2.0-only
/*
 * A free where nothing may sleep, and the same vCPU goes on using the page, while another
 * one frees a second page in the same way and then faults on the first.
 *
 * Two frees on their way through one irq_work and one work item: an interrupt each, which
 * comes before or after the accesses, then the workers.  Failure: a free that gets lost
 * between them (I9), or as of fault-vs-free.
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc_all(arena) == 1 ? 0 : -ENOMEM;
}

static int64_t run_free(struct arena *arena)
{
	arena_free_deferred(arena, 0);
	return arena_kfunc_touch(arena, 0);
}

static int64_t run_free2(struct arena *arena)
{
	arena_free_deferred(arena, 1);
	return arena_kfunc_touch(arena, 0);
}

SCENARIO(fault_vs_deferred_free_irq_work) = {
	.name = "fault-vs-deferred-free-irq-work",
	.n_pages = 2,
	.lingers = true,
	.setup = setup,
	.actors = {
		{ "free", run_free },
		{ "free2", run_free2 },
	},
};
