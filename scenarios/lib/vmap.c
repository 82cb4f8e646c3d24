// SPDX-License-Identifier: GPL-2.0-only
#include "vmap.h"

#include <stdbool.h>

#include "guest.h"
#include "program.h"

static struct program programs[N_KFUNCS];

static void load_programs(void)
{
	static bool loaded;

	for (int kfunc = KFUNC_VMAP_LEARN; !loaded && kfunc <= KFUNC_VMAP_WRITE; kfunc++)
		programs[kfunc] = program_load(kfunc, -1);
	loaded = true;
}

uint64_t vmap_learn(uint32_t page, uint64_t ram)
{
	struct program_context context = { .address = page, .n_pages = ram };

	load_programs();
	if (program_run64(&programs[KFUNC_VMAP_LEARN], &context) || !context.value)
		guest_fail("the kernel has no address for page %u of vmap", page);
	return context.value;
}

static int64_t run(enum kfunc kfunc, const struct operation *op, uint64_t ram)
{
	struct program_context context = { .address = (uint64_t)op->page, .n_pages = ram };

	return program_run(&programs[kfunc], &context);
}

int64_t vmap_operation(const struct operation *op)
{
	switch (op->verb) {
	case VERB_MAP_VMAP:
		return run(KFUNC_VMAP_MAP, op, 0);
	case VERB_UNMAP_VMAP:
		return run(KFUNC_VMAP_UNMAP, op, 0);
	case VERB_MAP_RAM:
		return run(KFUNC_VMAP_MAP, op, 1);
	case VERB_UNMAP_RAM:
		return run(KFUNC_VMAP_UNMAP, op, 1);
	case VERB_PURGE:
		return run(KFUNC_VMAP_PURGE, op, 0);
	case VERB_READ_VMAP:
		return run(KFUNC_VMAP_READ, op, 0);
	default:
		return run(KFUNC_VMAP_WRITE, op, 0);
	}
}
