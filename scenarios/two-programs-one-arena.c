// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two programs of one arena make the kernel fault on the same page, one reading and one
 * writing: each hears of its own fault, and of that only (I11).
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_reader(struct arena *arena)
{
	return arena_kfunc_read(arena, 0);
}

static int64_t run_writer(struct arena *arena)
{
	return arena_kfunc_write(arena, 0);
}

SCENARIO(two_programs_one_arena) = {
	.name = "two-programs-one-arena",
	.n_pages = 1,
	.actors = {
		{ "reader", run_reader },
		{ "writer", run_writer },
	},
};
