// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's processor and board: all that another one would have otherwise.
 *
 * One file, arch-NAME.c, answers everything in this folder's headers: this one (words and
 * numbers), arch/pte.h (page tables), arch/regs.h (registers by what they are for) and
 * arch/insn.h (instructions).  Which one is linked says `make CPU=NAME`; nothing else knows.
 * Pure: touches no machine.  All strings are static.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *name;	/* as QEMU and uname -m say it */
	const char *title;	/* as people do */
	const char *emulator;	/* QEMU's program, and … */
	const char *package;	/* … Debian's package of it */
	const char *board;	/* of QEMU's -machine; libvirt's, too */
	const char *os_type;	/* libvirt's, and … */
	const char *feature;	/* … and what it calls what makes all vCPUs known to the guest */
	const char *cmdline;	/* the kernel's: a serial console, and all lies where it was linked */
	const char *page_fault;	/* the function of the kernel that a page fault comes to */
	int page_shift;		/* bytes of a page, as a power of two */
	int pte_bytes;
	int user_bits;		/* of an address of user space; … */
	int stack_bytes;	/* of a kernel stack, which is aligned to that */
	int n_general;		/* of Regs.general */
	int regs_bytes;		/* of the stub's answer to "g", as regs_read() takes it */
	int insn_bytes;		/* of the longest instruction */
	int insn_step;		/* bytes from what is no instruction to where the next may begin */
	int unmask_bytes;	/* of the instruction that insn_unmasks() knows */
} Arch;

extern const Arch ARCH;

/* RIG_ERROR_INPUT: this rig was built for no machine, and nothing else here may be asked. */
bool arch_check(GError **error);

/* The kernel has addresses of its own. */
bool arch_is_kernel(guint64 addr);

static inline guint64 arch_page_bytes(void)
{
	return 1ull << ARCH.page_shift;
}
