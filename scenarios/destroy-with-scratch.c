// SPDX-License-Identifier: GPL-2.0-only
/*
 * An arena loses its last two users at once, the mapping and the descriptor, each right
 * after a last access; one of its pages is allocated and one maps scratch.
 *
 * Whoever comes last leaves the arena to a kernel thread, which takes it apart.
 * Failure: the scratch page is freed twice or never (I3, I9), or the allocated page is
 * not freed (I9).
 */
#include <errno.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	if (arena_alloc(arena, 0, 1) != 1)
		return -ENOMEM;
	arena_kfunc_read(arena, 1);
	arena_drop_programs(arena);
	return 0;
}

static int64_t run_unmap(struct arena *arena)
{
	int64_t value = arena_user_touch(arena, 0);

	arena_unmap(arena);
	return value;
}

static int64_t run_close(struct arena *arena)
{
	int64_t value = arena_user_touch(arena, 1);

	arena_close(arena);
	return value;
}

SCENARIO(destroy_with_scratch) = {
	.name = "destroy-with-scratch",
	.n_pages = 2,
	.has_deferred_work = true,
	.setup = setup,
	.actors = {
		{ "unmap", run_unmap, NULL },
		{ "close", run_close, NULL },
	},
};
