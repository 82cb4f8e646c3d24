// SPDX-License-Identifier: GPL-2.0-only
/*
 * stale-realloc with two pages freed in one call: one flush for the range, or one each.  The
 * reader has the second one warm.
 *
 * Failure: as there.
 */
#include <errno.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc(arena, 0, 2) == 1 ? 0 : -ENOMEM;
}

static int64_t run_user(struct arena *arena)
{
	arena_kfunc_read(arena, 1);
	return arena_kfunc_read(arena, 1);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0, 2);
}

static int64_t run_alloc(struct arena *arena)
{
	if (arena_alloc(arena, 1, 1) != 1)
		return -1;
	return arena_kfunc_write(arena, 1);
}

/* Or only the first time round would be real. */
static void undo_alloc(struct arena *arena)
{
	arena_free(arena, 1, 1);
}

SCENARIO(stale_realloc_pages) = {
	.name = "stale-realloc-pages",
	.n_pages = 2,
	.setup = setup,
	.actors = {
		{ "user", run_user, NULL },
		{ "free", run_free, NULL },
		{ "alloc", run_alloc, undo_alloc },
	},
};
