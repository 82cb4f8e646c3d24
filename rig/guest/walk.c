// SPDX-License-Identifier: GPL-2.0-only
#include "guest/walk.h"

#include "arch/pte.h"

/* A table beyond RAM reads as zeroes: nothing is there. */
static guint64 read_entry(gpointer machine, guint64 phys)
{
	return machine_has_phys(machine, phys, sizeof(guint64)) ? machine_phys64(machine, phys) : 0;
}

guint64 walk_user_pte(Machine *machine, const Regs *regs, guint64 uaddr)
{
	return pte_walk(regs->root, uaddr, read_entry, machine);
}
