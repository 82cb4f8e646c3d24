// SPDX-License-Identifier: GPL-2.0-only
/*
 * stale-realloc with a free where nothing may sleep: a kernel worker carries it out on the
 * same vCPU once the actor sleeps, and what it does counts as the actor's.
 *
 * Failure: as there, or a page that is never freed (I9).
 */
#include <errno.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc(arena, 0, 1) == 1 ? 0 : -ENOMEM;
}

static int64_t run_user(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	return arena_kfunc_read(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free_nosleep(arena, 0, 1);
}

static int64_t run_alloc(struct arena *arena)
{
	if (arena_alloc(arena, 0, 1) != 1)
		return -1;
	return arena_kfunc_write(arena, 0);
}

/* Or only the first time round would be real. */
static void undo_alloc(struct arena *arena)
{
	arena_free(arena, 0, 1);
}

SCENARIO(stale_realloc_deferred) = {
	.name = "stale-realloc-deferred",
	.n_pages = 1,
	.has_deferred_work = true,
	.setup = setup,
	.actors = {
		{ "user", run_user, NULL },
		{ "free", run_free, NULL },
		{ "alloc", run_alloc, undo_alloc },
	},
};
