// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86-64 instructions, as far as the rig must understand them (capstone).
 */
#pragma once

#include "event/event.h"
#include "machine/machine.h"

typedef struct Decoder Decoder;

enum { INSN_MAX_BYTES = 15 };

typedef struct {
	guint64 pc;
	int length;		/* bytes */
	bool locked;
	bool cli;
	bool pause, halt;	/* where a vCPU waits; HLT is both */
	Flush flush;
	int root;		/* FLUSH_CR3: gpr index of what is loaded, or -1 */
	Access access;		/* of the memory operand */
	int bytes;		/* it has */
	bool plain;		/* a MOV: it loads or stores, and nothing else */
	int target;		/* gpr index of a plain load of 8 bytes, or -1 */
	char text[64];
	/* memory operand: gpr indices or -1; base -2 is RIP */
	int base, index, scale;
	gint64 displacement;
} Insn;

Decoder *decoder_new(void);
void decoder_free(Decoder *decoder);

/* False when @bytes start no instruction. */
bool decoder_insn(Decoder *decoder, const guint8 *bytes, gsize len, guint64 pc, Insn *ret);

/* Where the memory operand points, given the registers before it executes. */
guint64 insn_address(const Insn *insn, const Regs *regs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decoder, decoder_free)
