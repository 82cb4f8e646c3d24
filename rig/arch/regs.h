// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers, by what they are for.  A register's number is what QEMU's stub calls it; for general
 * ones it is also the index into Regs.general.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum { REGS_MAX = 32, REGS_MAX_BYTES = 512 };

typedef struct {
	guint64 general[REGS_MAX];	/* what code computes with: ARCH.n_general, in the stub's order */
	guint64 pc;
	guint64 flags;
	guint64 fault;		/* the address that the last page fault was about */
	guint64 root;		/* what the walk of the page tables begins with */
} Regs;

/* A word: @value, or what is at that address. */
typedef struct {
	bool in_memory;
	guint64 value;
} RegPlace;

/* A register's number and what it shall hold. */
typedef struct {
	int number;
	guint64 value;
} RegWrite;

/* @bytes: ARCH.regs_bytes of the stub's answer to "g". */
void regs_read(const guint8 *bytes, Regs *ret);

guint64 regs_sp(const Regs *regs);

/* Of a function: what it has returned; argument @n, from 0 to 5, when it is entered. */
guint64 regs_result(const Regs *regs);
guint64 regs_argument(const Regs *regs, int n);

/* Whether the vCPU takes interrupts now. */
bool regs_takes_interrupts(const Regs *regs);

/* At ARCH.page_fault: where the instruction is that faulted. */
RegPlace regs_faulted_at(const Regs *regs);

/* At a function's first instruction: where it will return to. */
RegPlace regs_return_to(const Regs *regs);

/* Whether a function's caller finds the same in all registers that it may look at. */
bool regs_alike_to_caller(const Regs *a, const Regs *b);

/* Call @func with the name and value of each register that is worth showing. */
typedef void (*RegsFunc)(const char *name, guint64 value, gpointer data);
void regs_each(const Regs *regs, RegsFunc func, gpointer data);

RegWrite reg_pc(guint64 value);
RegWrite reg_general(int number, guint64 value);
RegWrite reg_result(guint64 value);
RegWrite reg_argument(int n, guint64 value);

/* At a function's first instruction, as if it had returned @result to @back. */
enum { REGS_RETURN = 3 };
void regs_return(const Regs *regs, guint64 back, guint64 result, RegWrite ret[REGS_RETURN]);

/* Which interrupts a vCPU takes when its own flags allow it; it is a register's value. */
typedef enum {
	INTERRUPTS_OPEN,
	INTERRUPTS_TIMERS_HELD,	/* those of other vCPUs come, the local timer's do not */
	INTERRUPTS_HELD,
} HoldInterrupts;
RegWrite reg_hold_interrupts(HoldInterrupts hold);

/* Empties the TLB of a vCPU that holds @regs, and changes nothing else. */
RegWrite reg_flush_tlb(const Regs *regs);
