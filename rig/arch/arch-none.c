// SPDX-License-Identifier: GPL-2.0-only
/*
 * No processor: shows that nothing outside this folder knows one, and is where a new one begins.
 * What would need one is refused by arch_check(); who asks all the same is a fault of the rig's.
 */
#include "arch/arch.h"

#include "arch/insn.h"
#include "arch/pte.h"
#include "arch/regs.h"
#include "util/error.h"

const Arch ARCH = {
	.name = "none", .title = "no machine", .emulator = "none", .package = "none", .board = "none",
	.os_type = "none", .feature = "none", .cmdline = "", .page_fault = "none",
};

const char *const FLUSH_NAMES[N_FLUSHES + 1] = { NULL };

bool arch_check(GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "not on this machine: the rig was built for no "
		    "processor; build it without CPU=none");
	return false;
}

#define NOT_HERE G_STMT_START { g_error("%s: not on this machine", G_STRFUNC); } G_STMT_END

bool arch_is_kernel(guint64 addr) { (void)addr; NOT_HERE; }

bool pte_present(guint64 pte) { (void)pte; NOT_HERE; }
guint64 pte_pfn(guint64 pte) { (void)pte; NOT_HERE; }
guint64 pte_bits(guint64 pte) { (void)pte; NOT_HERE; }
guint64 pte_of(guint64 pfn, guint64 bits) { (void)pfn, (void)bits; NOT_HERE; }
bool pte_is_global(guint64 pte) { (void)pte; NOT_HERE; }
bool pte_allows(guint64 pte, bool store, bool user) { (void)pte, (void)store, (void)user; NOT_HERE; }
guint64 pte_of_kernel(guint64 pfn) { (void)pfn; NOT_HERE; }
guint64 pte_absent(guint64 value) { (void)value; NOT_HERE; }
guint64 pte_root(guint64 root) { (void)root; NOT_HERE; }
guint64 pte_walk(guint64 root, guint64 addr, PteReadFunc read, gpointer data)
{
	(void)root, (void)addr, (void)read, (void)data;
	NOT_HERE;
}
char *pte_describe(guint64 pte) { (void)pte; NOT_HERE; }

void regs_read(const guint8 *bytes, Regs *ret) { (void)bytes, (void)ret; NOT_HERE; }
guint64 regs_sp(const Regs *regs) { (void)regs; NOT_HERE; }
guint64 regs_result(const Regs *regs) { (void)regs; NOT_HERE; }
guint64 regs_argument(const Regs *regs, int n) { (void)regs, (void)n; NOT_HERE; }
bool regs_takes_interrupts(const Regs *regs) { (void)regs; NOT_HERE; }
RegPlace regs_faulted_at(const Regs *regs) { (void)regs; NOT_HERE; }
RegPlace regs_return_to(const Regs *regs) { (void)regs; NOT_HERE; }
bool regs_alike_to_caller(const Regs *a, const Regs *b) { (void)a, (void)b; NOT_HERE; }
void regs_each(const Regs *regs, RegsFunc func, gpointer data)
{
	(void)regs, (void)func, (void)data;
	NOT_HERE;
}
RegWrite reg_pc(guint64 value) { (void)value; NOT_HERE; }
RegWrite reg_general(int number, guint64 value) { (void)number, (void)value; NOT_HERE; }
RegWrite reg_result(guint64 value) { (void)value; NOT_HERE; }
RegWrite reg_argument(int n, guint64 value) { (void)n, (void)value; NOT_HERE; }
void regs_return(const Regs *regs, guint64 back, guint64 result, RegWrite ret[REGS_RETURN])
{
	(void)regs, (void)back, (void)result, (void)ret;
	NOT_HERE;
}
RegWrite reg_hold_interrupts(HoldInterrupts hold) { (void)hold; NOT_HERE; }
RegWrite reg_flush_tlb(const Regs *regs) { (void)regs; NOT_HERE; }

/* A decoder is nothing, so that one can be made and freed. */
Decoder *decoder_new(void) { NOT_HERE; }
void decoder_free(Decoder *decoder) { (void)decoder; }
bool decoder_insn(Decoder *decoder, const guint8 *bytes, gsize len, guint64 pc, Insn *ret)
{
	(void)decoder, (void)bytes, (void)len, (void)pc, (void)ret;
	NOT_HERE;
}
bool decoder_is_worth(const guint8 *text, gsize size) { (void)text, (void)size; NOT_HERE; }
guint64 insn_address(const Insn *insn, const Regs *regs) { (void)insn, (void)regs; NOT_HERE; }
bool insn_unmasks(const guint8 *bytes) { (void)bytes; NOT_HERE; }
guint64 insn_call_before(guint64 back) { (void)back; NOT_HERE; }
