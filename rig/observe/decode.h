// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86-64 instructions, as far as the rig must understand them (capstone).
 */
#pragma once

#include "machine/machine.h"

typedef struct Decoder Decoder;

enum { INSN_MAX_BYTES = 15 };

typedef enum {
	ACCESS_NONE,
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_CMPXCHG,		/* with LOCK */
	ACCESS_XCHG,		/* locked by itself */
	ACCESS_RMW,		/* read-modify-write; atomic only with LOCK */
} Access;

/* What an instruction takes out of the TLB (SDM vol. 3, 4.10.4.1). */
typedef enum {
	FLUSH_NONE,
	FLUSH_PAGE,		/* INVLPG: one page, global or not */
	FLUSH_PCID,		/* INVPCID */
	FLUSH_CR3,		/* MOV to CR3: all but global pages */
	FLUSH_CR4,		/* MOV to CR4 that changes PGE: everything */
} Flush;

typedef struct {
	guint64 pc;
	int length;		/* bytes */
	bool locked;
	bool cli;
	bool pause, halt;	/* where a vCPU waits; HLT is both */
	Flush flush;
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

const char *access_name(Access access);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decoder, decoder_free)
