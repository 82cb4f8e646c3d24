// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs on the processor of arch/fake.h, with a TLB each, behind machine/machine.h: for tests.
 * A step that hits a watchpoint is reported twice, as QEMU does it.  No error is ever set.
 */
#pragma once

#include "arch/fake.h"
#include "machine/machine.h"

enum {
	FAKE_VCPUS = 8,
	FAKE_FRAMES = 48,
	/* Frames: the root of the page tables, the others, and the kernel's code. */
	FAKE_ROOT = 1, FAKE_TABLES = 2, FAKE_TEXT = 20,
};

Machine *fake_machine_new(void);

/* The memory of @frame; the registers of @vcpu. */
guint8 *fake_ram(Machine *machine, int frame);
Regs *fake_regs(Machine *machine, int vcpu);

/* Where a vCPU goes that takes a fault. */
void fake_fault_at(Machine *machine, guint64 entry);

/* Physical address of the PTE for @va; tables that are missing are made. */
guint64 fake_entry(Machine *machine, guint64 va);
