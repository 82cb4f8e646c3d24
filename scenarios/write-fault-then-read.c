// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel write to one unallocated page and a kernel read of another: both go to the
 * one scratch page, so the reader may see what the writer wrote (I8).
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_writer(struct arena *arena)
{
	return arena_kfunc_write(arena, 0);
}

static int64_t run_reader(struct arena *arena)
{
	return arena_kfunc_read(arena, 1);
}

SCENARIO(write_fault_then_read) = {
	.name = "write-fault-then-read",
	.n_pages = 2,
	.actors = {
		{ "writer", run_writer },
		{ "reader", run_reader },
	},
};
