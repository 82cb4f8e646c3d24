// SPDX-License-Identifier: GPL-2.0-only
/*
 * A free where nothing may sleep, which a kernel worker carries out later, against a
 * kernel fault on that page.
 *
 * The operation itself only queues; the worker runs on the same vCPU once the actor
 * sleeps, and what it does counts as the actor's.  Failure: as of fault-vs-free, or a
 * page that is never freed (I9).
 */
#include <errno.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc(arena, 0) == 1 ? 0 : -ENOMEM;
}

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free_deferred(arena, 0);
}

SCENARIO(fault_vs_deferred_free_worker) = {
	.name = "fault-vs-deferred-free-worker",
	.n_pages = 1,
	.lingers = true,
	.setup = setup,
	.actors = {
		{ "fault", run_fault },
		{ "free", run_free },
	},
};
