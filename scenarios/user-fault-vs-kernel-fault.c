// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space and the kernel touch the same unallocated page at once.
 *
 * When user space comes first its fault allocates the page, and the kernel finds that.
 * When the kernel comes first the page is scratched, and user space gets SIGSEGV (-14).
 * Failure: user space sees the scratch page, or the allocated page is lost to scratch.
 */
#include "lib/arena.h"
#include "lib/guest.h"

static int64_t run_user(struct arena *arena)
{
	return arena_user_touch(arena, 0);
}

static int64_t run_fault(struct arena *arena)
{
	return arena_kfunc_touch(arena, 0);
}

SCENARIO(user_fault_vs_kernel_fault) = {
	.name = "user-fault-vs-kernel-fault",
	.n_pages = 1,
	.actors = {
		{ "user", run_user },
		{ "fault", run_fault },
	},
};
