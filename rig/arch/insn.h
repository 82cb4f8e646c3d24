// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions, as far as the rig must understand them: what they access, where a vCPU waits,
 * and which take interrupts away or translations out of the TLB.
 */
#pragma once

#include "arch/regs.h"

typedef struct Decoder Decoder;

enum { INSN_MAX_BYTES = 16 };

typedef enum {
	ACCESS_NONE,
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_CMPXCHG,		/* atomic */
	ACCESS_XCHG,		/* atomic */
	ACCESS_RMW,		/* read-modify-write; atomic only if the instruction is */
} Access;

/* What an instruction takes out of the TLB. */
typedef enum {
	FLUSH_NONE,
	FLUSH_PAGE,		/* one page, global or not */
	FLUSH_CONTEXT,		/* by address space */
	FLUSH_BUT_GLOBAL,	/* all but global pages */
	FLUSH_ALL,
	N_FLUSHES,
} Flush;

/* How traces name them, none included; NULL ends the list. */
extern const char *const FLUSH_NAMES[N_FLUSHES + 1];

typedef struct {
	guint64 pc;
	int length;		/* bytes */
	bool locked;		/* atomic */
	bool masks;		/* takes interrupts no more, from here on */
	bool waits, halts;	/* where a vCPU waits; what halts waits, too */
	Flush flush;
	int root;		/* number of the general register that Regs.root is loaded from, or -1 */
	Access access;		/* of the memory operand */
	int bytes;		/* it has */
	bool plain;		/* it loads or stores, and nothing else */
	int target;		/* number of the general register that a plain load goes to, or -1 */
	guint8 code[INSN_MAX_BYTES];	/* the first length of them */
	char text[64];
	/* memory operand: numbers of general registers or below 0; insn_address() reads them */
	int base, index, scale;
	gint64 displacement;
} Insn;

Decoder *decoder_new(void);
void decoder_free(Decoder *decoder);

/* False when @bytes start no instruction. */
bool decoder_insn(Decoder *decoder, const guint8 *bytes, gsize len, guint64 pc, Insn *ret);

/* Decoding all of a kernel takes seconds: whether code may wait or flush at all, by its bytes. */
bool decoder_is_worth(const guint8 *text, gsize size);

/* Where the memory operand points, given the registers before it executes. */
guint64 insn_address(const Insn *insn, const Regs *regs);

/* Whether the ARCH.unmask_bytes of @bytes let interrupts in, as before a halt that one ends. */
bool insn_unmasks(const guint8 *bytes);

/* Of the call that comes back to @back. */
guint64 insn_call_before(guint64 back);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decoder, decoder_free)
