// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest on the machine of step/fake-machine.h, for unit tests: its vCPUs run functions that the
 * test writes down, behind symbols.h and what guest.h has QEMU and drgn for.
 *
 * Its kernel has one page that is watched, with its PTE and a lock that guards it, and begins
 * in each actor's function with a0 = 0 and the registers below.  Nothing interrupts.
 */
#pragma once

#include "arch/fake.h"
#include "guest/guest.h"

/* What is in the registers at the start. */
enum { REG_PTE = 1, REG_PAGE, REG_LOCK, REG_MAPS_A, REG_MAPS_B, REG_SCRATCH, REG_ZERO };

/* Frames that the page may map, and the first word that is in them. */
enum { FRAME_A = 40, FRAME_B, FRAME_WORD = 0xf00d };

enum { FAKE_CODE = 16 };

/* Jumps are by instructions, from the next one; calls name a function. */
typedef struct {
	FakeInsn insn;
	const char *calls;
} FakeCode;

typedef struct {
	const char *name;
	FakeCode code[FAKE_CODE];
} FakeFunction;

#define MEMORY(operation, reg, base) { { operation, reg, base, 8, 0 }, NULL }
#define SET(reg, word) { { FAKE_SET, reg, 0, 0, word }, NULL }
#define JUMP(by) { { FAKE_JUMP, 0, 0, 0, by }, NULL }
#define BRANCH(reg, by) { { FAKE_BRANCH, reg, 0, 0, by }, NULL }
#define CALL(name) { { FAKE_CALL, 0, 0, 0, 0 }, name }
#define PLAIN(operation) { { operation, 0, 0, 0, 0 }, NULL }
#define RETURNS CALL("guest_returned"), CALL("guest_done")

/*
 * One actor for each of the @n_actors @functions that come first; @mapped: the page maps FRAME_A.
 * guest_free() ends it.
 */
Guest *fake_guest(const FakeFunction *functions, int n, int n_actors, bool mapped);
