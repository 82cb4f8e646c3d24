// SPDX-License-Identifier: GPL-2.0-only
/*
 * A processor that nobody builds, for tests: arch-fake.c answers as it, and step/fake-machine.c runs
 * its code.  As little as possible is as on x86-64:
 *
 *	pages	8 KiB; three levels of 1024 entries; the top bit of a PTE says present, and the frame is
 *		in the middle
 *	address	the kernel's begin at 2^40, below that is user space
 *	calls	return by a register, and so does what comes back from a fault
 *	code	one byte for NOP, 8 for everything else: an operation, two registers, how many bytes it
 *		loads or stores, and a signed word of 4 bytes
 */
#pragma once

#include <glib.h>

enum { FAKE_PAGE_SHIFT = 13, FAKE_PAGE = 1 << FAKE_PAGE_SHIFT };

/* General registers: a0 to a7, which hold arguments and the result (a0) … */
enum { FAKE_SP = 8, FAKE_LINK, FAKE_FAULT_PC, FAKE_GENERAL };

/* … and the others' numbers. */
enum { FAKE_PC = 32, FAKE_PRIORITY, FAKE_PURGE };

/* Regs.flags */
enum { FAKE_MASKED = 1 };

typedef enum {
	FAKE_NOP = 1,
	FAKE_LOAD,		/* register = [base + word] */
	FAKE_STORE,		/* [base + word] = register */
	FAKE_CAS,		/* [base + word] = register if it is a0, which gets what it was */
	FAKE_SWAP,
	FAKE_ADD,		/* [base + word] += register, not atomic */
	FAKE_SET,		/* register = word */
	FAKE_JUMP,		/* by word */
	FAKE_BRANCH,		/* by word if register is not 0 */
	FAKE_CALL,		/* by word */
	FAKE_RETURN,
	FAKE_WAIT,
	FAKE_HALT,
	FAKE_MASK,
	FAKE_UNMASK,
	FAKE_FLUSH_PAGE,	/* base + word */
	FAKE_FLUSH_LOCAL,	/* all but global */
	FAKE_FLUSH_ALL,
	FAKE_OPERATIONS,
} FakeOperation;

typedef struct {
	guint8 operation, reg, base, bytes;
	gint32 word;
} FakeInsn;

/* Bits of a PTE. */
static const guint64 FAKE_PRESENT = 1ull << 63, FAKE_WRITABLE = 1, FAKE_USER = 2, FAKE_GLOBAL = 4;
