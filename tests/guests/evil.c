// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actors that do in the middle of a schedule what no actor should: each scenario evil-WHAT has one of
 * them beside an honest free.  They go where scenarios/ is, and a guest is built with them.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/guest.h"

static int setup(struct arena *arena)
{
	return arena_alloc(arena, 0, 1) == 1 ? 0 : -1;
}

static int64_t run_free(struct arena *arena)
{
	return arena_free(arena, 0, 1);
}

static int64_t run_reset(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	return reboot(RB_AUTOBOOT);
}

static int64_t run_off(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	return reboot(RB_POWER_OFF);
}

static int64_t run_exit(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	_exit(1);
}

static int64_t run_loop(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	for (;;)
		;
	return 0;
}

static int64_t run_report(struct arena *arena)
{
	arena_kfunc_read(arena, 0);
	memset(&guest_report, 0xff, sizeof(guest_report));
	return arena_kfunc_read(arena, 0);
}

static int64_t run_flood(struct arena *arena)
{
	static const char line[] = "\x1b[2Jthe same line over and over \xff\xfe\n";

	arena_kfunc_read(arena, 0);
	while (write(1, line, sizeof(line) - 1) > 0)
		;
	return 0;
}

static int64_t run_memory(struct arena *arena)
{
	enum { BYTES = 1 << 20 };

	arena_kfunc_read(arena, 0);
	for (;;) {
		char *at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED)
			return -1;
		memset(at, 1, BYTES);
	}
}

#define EVIL(what) \
	SCENARIO(evil_##what) = { \
		.name = "evil-" #what, \
		.n_pages = 1, \
		.setup = setup, \
		.actors = { { "evil", run_##what, NULL }, { "free", run_free, NULL } }, \
	}

EVIL(reset);
EVIL(off);
EVIL(exit);
EVIL(loop);
EVIL(report);
EVIL(flood);
EVIL(memory);
