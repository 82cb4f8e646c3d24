// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/guest/walk.c */
/* Page tables that lead anywhere, in a guest that has no memory but the input. */
#include "guest/walk.h"

#include <string.h>

#include "util/fuzz.h"

static const uint8_t *ram;
static size_t ram_size;

bool machine_has_phys(const Machine *machine, guint64 phys, gsize len)
{
	(void)machine;
	return len <= ram_size && phys <= ram_size - len;
}

guint64 machine_phys64(Machine *machine, guint64 phys)
{
	guint64 value;

	g_assert_true(machine_has_phys(machine, phys, sizeof(value)));
	memcpy(&value, ram + phys, sizeof(value));
	return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Regs regs = { 0 };
	guint64 uaddr = 0;

	if (size < 2 * sizeof(uaddr))
		return 0;
	memcpy(&regs.root, data, sizeof(regs.root));
	memcpy(&uaddr, data + sizeof(regs.root), sizeof(uaddr));
	ram = data;
	ram_size = size;
	if (walk_user_pte(NULL, &regs, uaddr))
		fuzz_taken();
	return 0;
}
