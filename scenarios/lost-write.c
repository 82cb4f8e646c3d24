// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program has an address warm in its vCPU's TLB while another vCPU frees it; it allocates the
 * same address again, stores and reads back.
 *
 * Failure: the allocation succeeds before the old translation is gone, the store goes to
 * the old page, and is lost (I7).  The program did nothing wrong: it used the address
 * only while it was allocated.
 */
#include <errno.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc(arena, 0, 1) == 1 ? 0 : -ENOMEM;
}

/* What it reads back; -1 when the page was still taken. */
static int64_t run_owner(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	if (arena_alloc(arena, 0, 1) != 1)
		return -1;
	arena_kfunc_write(arena, 0);
	return arena_kfunc_read(arena, 0);
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0, 1);
}

SCENARIO(lost_write) = {
	.name = "lost-write",
	.n_pages = 1,
	.setup = setup,
	.actors = {
		{ "owner", run_owner, NULL },
		{ "free", run_free, NULL },
	},
};
