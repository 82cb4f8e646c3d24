// SPDX-License-Identifier: GPL-2.0-only
/* x86-64 as QEMU's PC has it.  SDM: Intel's Software Developer's Manual, vol. 3. */
#include "arch/arch.h"

#include <capstone/capstone.h>
#include <string.h>

#include "arch/insn.h"
#include "arch/pte.h"
#include "arch/regs.h"

/* In the stub's order; what is not general comes behind. */
enum {
	RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, N_GENERAL,
	RIP = N_GENERAL, CR3 = 29, CR8 = 31,
};

/* The stub's layout: 17 × 8 bytes, eflags and 6 selectors × 4, then bases and control registers. */
enum {
	AT_RIP = N_GENERAL * 8, AT_EFLAGS = AT_RIP + 8, AT_FS_BASE = AT_EFLAGS + 7 * 4,
	AT_CR2 = AT_FS_BASE + 4 * 8, AT_CR3 = AT_CR2 + 8, REGS_BYTES = AT_CR3 + 8,
};

enum { PAGE_SHIFT = 12, STI = 0xfb, CALL_BYTES = 5, EFLAGS_IF = 1 << 9 };

const Arch ARCH = {
	.name = "x86_64",
	.title = "x86-64",
	.emulator = "qemu-system-x86_64",
	.package = "qemu-system-x86",
	.board = "pc",
	.os_type = "hvm",
	.feature = "acpi",
	/* User addresses, too: a thread's stack may share page 0's slot of QEMU's TLB. */
	.cmdline = "console=ttyS0 oops=panic nokaslr norandmaps mitigations=off",
	.page_fault = "asm_exc_page_fault",
	.page_shift = PAGE_SHIFT,
	.pte_bytes = 8,
	.user_bits = 47,
	.stack_bytes = 16384,
	.n_general = N_GENERAL,
	.regs_bytes = REGS_BYTES,
	.insn_bytes = 15,
	.insn_step = 1,
	.unmask_bytes = 1,
};

bool arch_check(GError **error)
{
	(void)error;
	return true;
}

bool arch_is_kernel(guint64 addr)
{
	return (gint64)addr < 0;
}

/* --- page tables (SDM 4.5) ------------------------------------------------ */

static const guint64 PTE_PRESENT = 1 << 0, PTE_WRITABLE = 1 << 1, PTE_USER = 1 << 2,
		     PTE_GLOBAL = 1 << 8,	/* survives a write to CR3 (4.10.2.4) */
		     PTE_KERNEL = 0x8000000000000163,	/* PAGE_KERNEL */
		     PTE_PFN_MASK = 0x000ffffffffff000;

bool pte_present(guint64 pte)
{
	return pte & PTE_PRESENT;
}

guint64 pte_pfn(guint64 pte)
{
	return (pte & PTE_PFN_MASK) >> PAGE_SHIFT;
}

guint64 pte_bits(guint64 pte)
{
	return pte & ~PTE_PFN_MASK;
}

guint64 pte_of(guint64 pfn, guint64 bits)
{
	return pfn << PAGE_SHIFT | bits;
}

bool pte_is_global(guint64 pte)
{
	return pte & PTE_GLOBAL;
}

bool pte_allows(guint64 pte, bool store, bool user)
{
	guint64 needs = PTE_PRESENT | (store ? PTE_WRITABLE : 0) | (user ? PTE_USER : 0);

	return (pte & needs) == needs;
}

guint64 pte_of_kernel(guint64 pfn)
{
	return pte_of(pfn, PTE_KERNEL);
}

guint64 pte_absent(guint64 value)
{
	return value & ~PTE_PRESENT;
}

guint64 pte_root(guint64 root)
{
	return root & PTE_PFN_MASK;
}

guint64 pte_walk(guint64 root, guint64 addr, PteReadFunc read, gpointer data)
{
	enum { TOP_SHIFT = 39, BITS = 9 };
	guint64 entry = (root & PTE_PFN_MASK) | PTE_PRESENT;

	for (int shift = TOP_SHIFT; shift >= PAGE_SHIFT && pte_present(entry); shift -= BITS)
		entry = read(data, (entry & PTE_PFN_MASK) + 8 * (addr >> shift & ((1 << BITS) - 1)));
	return pte_present(entry) ? entry : 0;
}

/* SDM table 4-20. */
char *pte_describe(guint64 pte)
{
	static const struct {
		guint64 bit;
		const char *name;
	} flags[] = {
		{ 1ull << 0, "P" }, { 1ull << 1, "RW" }, { 1ull << 2, "US" },
		{ 1ull << 3, "PWT" }, { 1ull << 4, "PCD" }, { 1ull << 5, "A" },
		{ 1ull << 6, "D" }, { 1ull << 7, "PAT" }, { 1ull << 8, "G" },
		{ 1ull << 63, "NX" },
	};
	GString *text = g_string_new(NULL);

	g_string_printf(text, "pfn %#" G_GINT64_MODIFIER "x", pte_pfn(pte));
	for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
		if (pte & flags[i].bit)
			g_string_append_printf(text, " %s", flags[i].name);
	return g_string_free(text, FALSE);
}

/* --- registers -------------------------------------------------------------- */

static guint64 word(const guint8 *bytes)
{
	guint64 value;

	memcpy(&value, bytes, sizeof(value));
	return GUINT64_FROM_LE(value);
}

void regs_read(const guint8 *bytes, Regs *ret)
{
	guint32 eflags;

	for (int i = 0; i < N_GENERAL; i++)
		ret->general[i] = word(bytes + 8 * i);
	memcpy(&eflags, bytes + AT_EFLAGS, sizeof(eflags));
	ret->pc = word(bytes + AT_RIP);
	ret->flags = GUINT32_FROM_LE(eflags);
	ret->fault = word(bytes + AT_CR2);
	ret->root = word(bytes + AT_CR3);
}

guint64 regs_sp(const Regs *regs)
{
	return regs->general[RSP];
}

guint64 regs_result(const Regs *regs)
{
	return regs->general[RAX];
}

/* System V ABI. */
static int argument_register(int n)
{
	static const int order[] = { RDI, RSI, RDX, RCX, R8, R9 };

	g_assert(n >= 0 && n < (int)G_N_ELEMENTS(order));
	return order[n];
}

guint64 regs_argument(const Regs *regs, int n)
{
	return regs->general[argument_register(n)];
}

bool regs_takes_interrupts(const Regs *regs)
{
	return regs->flags & EFLAGS_IF;
}

/* The processor has pushed it, and an error code on top. */
RegPlace regs_faulted_at(const Regs *regs)
{
	return (RegPlace){ true, regs_sp(regs) + 8 };
}

RegPlace regs_return_to(const Regs *regs)
{
	return (RegPlace){ true, regs_sp(regs) };
}

bool regs_alike_to_caller(const Regs *a, const Regs *b)
{
	static const int kept[] = { RBX, RBP, RSP, R12, R13, R14, R15, RAX };

	for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
		if (a->general[kept[i]] != b->general[kept[i]])
			return false;
	return a->pc == b->pc;
}

void regs_each(const Regs *regs, RegsFunc func, gpointer data)
{
	static const char *const names[N_GENERAL] = {
		"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	};

	func("rip", regs->pc, data);
	for (int i = 0; i < N_GENERAL; i++)
		func(names[i], regs->general[i], data);
	func("eflags", regs->flags, data);
	func("cr2", regs->fault, data);
	func("cr3", regs->root, data);
}

RegWrite reg_pc(guint64 value)
{
	return (RegWrite){ RIP, value };
}

RegWrite reg_general(int number, guint64 value)
{
	g_assert(number >= 0 && number < N_GENERAL);
	return (RegWrite){ number, value };
}

RegWrite reg_result(guint64 value)
{
	return (RegWrite){ RAX, value };
}

RegWrite reg_argument(int n, guint64 value)
{
	return (RegWrite){ argument_register(n), value };
}

void regs_return(const Regs *regs, guint64 back, guint64 result, RegWrite ret[REGS_RETURN])
{
	ret[0] = reg_result(result);
	ret[1] = (RegWrite){ RSP, regs_sp(regs) + 8 };
	ret[2] = reg_pc(back);
}

/*
 * By task priority (CR8, which the kernel never touches after boot; SDM 11.8.3.1).  Linux puts
 * inter-processor interrupts into the vectors from 0xf0 on and the local timer below.
 */
RegWrite reg_hold_interrupts(HoldInterrupts hold)
{
	static const guint64 priorities[] = {
		[INTERRUPTS_OPEN] = 0, [INTERRUPTS_TIMERS_HELD] = 14, [INTERRUPTS_HELD] = 15,
	};

	return (RegWrite){ CR8, priorities[hold] };
}

/* Its CR3, anew: QEMU then keeps no translation of any kind (cpu_x86_update_cr3()). */
RegWrite reg_flush_tlb(const Regs *regs)
{
	return (RegWrite){ CR3, regs->root };
}

/* --- instructions ------------------------------------------------------------- */

/* INVLPG; INVPCID; MOV to CR3; MOV to CR4 that changes PGE (SDM 4.10.4.1). */
const char *const FLUSH_NAMES[N_FLUSHES + 1] = {
	[FLUSH_NONE] = "none", [FLUSH_PAGE] = "page", [FLUSH_CONTEXT] = "pcid",
	[FLUSH_BUT_GLOBAL] = "cr3", [FLUSH_ALL] = "cr4", NULL,
};

struct Decoder {
	csh handle;
	cs_insn *insn;
};

enum { GPR_NONE = -1, GPR_RIP = -2, GPR_OTHER = -3 };

Decoder *decoder_new(void)
{
	Decoder *decoder = g_new0(Decoder, 1);
	cs_err err = cs_open(CS_ARCH_X86, CS_MODE_64, &decoder->handle);

	g_assert(err == CS_ERR_OK);
	cs_option(decoder->handle, CS_OPT_DETAIL, CS_OPT_ON);
	decoder->insn = cs_malloc(decoder->handle);
	return decoder;
}

void decoder_free(Decoder *decoder)
{
	if (!decoder)
		return;
	cs_free(decoder->insn, 1);
	cs_close(&decoder->handle);
	g_free(decoder);
}

/* capstone's register to an index into Regs.general. */
static int gpr_index(x86_reg reg)
{
	static const x86_reg order[N_GENERAL] = {
		X86_REG_RAX, X86_REG_RBX, X86_REG_RCX, X86_REG_RDX, X86_REG_RSI, X86_REG_RDI,
		X86_REG_RBP, X86_REG_RSP, X86_REG_R8, X86_REG_R9, X86_REG_R10, X86_REG_R11,
		X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15,
	};

	if (reg == X86_REG_INVALID)
		return GPR_NONE;
	if (reg == X86_REG_RIP)
		return GPR_RIP;
	for (int i = 0; i < N_GENERAL; i++)
		if (order[i] == reg)
			return i;
	return GPR_OTHER;
}

static Access classify(const cs_insn *insn, const cs_x86_op *op, bool locked)
{
	switch (insn->id) {
	case X86_INS_CMPXCHG:
		return locked ? ACCESS_CMPXCHG : ACCESS_RMW;
	case X86_INS_XCHG:
		return ACCESS_XCHG;
	case X86_INS_LEA:
	case X86_INS_NOP:
		return ACCESS_NONE;
	default:
		break;
	}
	if ((op->access & CS_AC_READ) && (op->access & CS_AC_WRITE))
		return ACCESS_RMW;
	return op->access & CS_AC_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

static Flush flush_of(const cs_insn *insn)
{
	const cs_x86_op *to = &insn->detail->x86.operands[0];

	if (insn->id == X86_INS_INVLPG)
		return FLUSH_PAGE;
	if (insn->id == X86_INS_INVPCID)
		return FLUSH_CONTEXT;
	if (insn->id != X86_INS_MOV || insn->detail->x86.op_count < 1 || to->type != X86_OP_REG)
		return FLUSH_NONE;
	return to->reg == X86_REG_CR3 ? FLUSH_BUT_GLOBAL : to->reg == X86_REG_CR4 ? FLUSH_ALL : FLUSH_NONE;
}

bool decoder_insn(Decoder *decoder, const guint8 *bytes, gsize len, guint64 pc, Insn *ret)
{
	cs_insn *insn = decoder->insn;
	const guint8 *code = bytes;
	guint64 address = pc;

	if (!cs_disasm_iter(decoder->handle, &code, &len, &address, insn))
		return false;
	const cs_x86 *x86 = &insn->detail->x86;
	*ret = (Insn){
		.pc = pc,
		.length = insn->size,
		.locked = x86->prefix[0] == X86_PREFIX_LOCK,
		.masks = insn->id == X86_INS_CLI,
		.waits = insn->id == X86_INS_PAUSE || insn->id == X86_INS_HLT,
		.halts = insn->id == X86_INS_HLT,
		.flush = flush_of(insn),
		.root = flush_of(insn) == FLUSH_BUT_GLOBAL ? MAX(gpr_index(x86->operands[1].reg), GPR_NONE)
							   : GPR_NONE,
		.base = GPR_NONE,
		.index = GPR_NONE,
		.plain = insn->id == X86_INS_MOV,
		.target = insn->id == X86_INS_MOV && x86->operands[0].type == X86_OP_REG
				  ? MAX(gpr_index(x86->operands[0].reg), GPR_NONE) : GPR_NONE,
	};
	memcpy(ret->code, bytes, insn->size);
	g_snprintf(ret->text, sizeof(ret->text), "%s%s%s", insn->mnemonic,
		   *insn->op_str ? " " : "", insn->op_str);
	for (int i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		if (op->type != X86_OP_MEM || op->mem.segment != X86_REG_INVALID)
			continue;
		ret->access = classify(insn, op, ret->locked);
		ret->bytes = op->size;
		ret->base = gpr_index(op->mem.base);
		ret->index = gpr_index(op->mem.index);
		ret->scale = op->mem.scale;
		ret->displacement = op->mem.disp;
	}
	return true;
}

bool decoder_is_worth(const guint8 *text, gsize size)
{
	static const char *const pairs[] = {
		"\xf3\x90",		/* pause */
		"\x0f\x01",		/* invlpg, among others */
		"\x0f\x22",		/* mov to a control register */
		"\x38\x82",		/* invpcid */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
		if (memmem(text, size, pairs[i], 2))
			return true;
	return memchr(text, 0xf4, size) != NULL;	/* hlt */
}

guint64 insn_address(const Insn *insn, const Regs *regs)
{
	guint64 addr = insn->displacement;

	if (insn->base >= 0)
		addr += regs->general[insn->base];
	else if (insn->base == GPR_RIP)
		addr += insn->pc + insn->length;
	if (insn->index >= 0)
		addr += regs->general[insn->index] * insn->scale;
	return addr;
}

bool insn_unmasks(const guint8 *bytes)
{
	return *bytes == STI;
}

/* The kernel's are all as long. */
guint64 insn_call_before(guint64 back)
{
	return back - CALL_BYTES;
}
