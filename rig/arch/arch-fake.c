// SPDX-License-Identifier: GPL-2.0-only
/* See arch/fake.h: for tests only. */
#include "arch/arch.h"

#include <string.h>

#include "arch/fake.h"
#include "arch/insn.h"
#include "arch/pte.h"
#include "arch/regs.h"

enum { FRAME_SHIFT = 8, FRAME_BITS = 40, KERNEL_BIT = 40, LEVEL_BITS = 10, LEVELS = 3 };

static const guint64 FRAME_MASK = ((1ull << FRAME_BITS) - 1) << FRAME_SHIFT;

const Arch ARCH = {
	.name = "fake", .title = "a fake", .emulator = "qemu-system-fake", .package = "none",
	.board = "desk", .os_type = "none", .feature = "none", .cmdline = "", .page_fault = "on_fault",
	.page_shift = FAKE_PAGE_SHIFT, .pte_bytes = 8, .user_bits = KERNEL_BIT, .stack_bytes = FAKE_PAGE,
	.n_general = FAKE_GENERAL, .regs_bytes = 8 * (4 + FAKE_GENERAL),
	.insn_bytes = sizeof(FakeInsn), .insn_step = 1, .unmask_bytes = sizeof(FakeInsn),
};

bool arch_check(GError **error)
{
	(void)error;
	return true;
}

bool arch_is_kernel(guint64 addr)
{
	return addr >> KERNEL_BIT;
}

bool pte_present(guint64 pte)
{
	return pte & FAKE_PRESENT;
}

guint64 pte_pfn(guint64 pte)
{
	return (pte & FRAME_MASK) >> FRAME_SHIFT;
}

guint64 pte_bits(guint64 pte)
{
	return pte & ~FRAME_MASK;
}

guint64 pte_of(guint64 pfn, guint64 bits)
{
	return pfn << FRAME_SHIFT | bits;
}

bool pte_is_global(guint64 pte)
{
	return pte & FAKE_GLOBAL;
}

bool pte_allows(guint64 pte, bool store, bool user)
{
	return pte_present(pte) && (!store || (pte & FAKE_WRITABLE)) && (!user || (pte & FAKE_USER));
}

guint64 pte_of_kernel(guint64 pfn)
{
	return pte_of(pfn, FAKE_PRESENT | FAKE_WRITABLE);
}

guint64 pte_absent(guint64 value)
{
	return value & ~FAKE_PRESENT;
}

guint64 pte_root(guint64 root)
{
	return root << FAKE_PAGE_SHIFT;
}

guint64 pte_walk(guint64 root, guint64 addr, PteReadFunc read, gpointer data)
{
	guint64 entry = pte_of_kernel(root);

	for (int level = LEVELS - 1; level >= 0 && pte_present(entry); level--) {
		guint64 at = addr >> (FAKE_PAGE_SHIFT + level * LEVEL_BITS) & ((1 << LEVEL_BITS) - 1);

		entry = read(data, (pte_pfn(entry) << FAKE_PAGE_SHIFT) + 8 * at);
	}
	return pte_present(entry) ? entry : 0;
}

char *pte_describe(guint64 pte)
{
	return g_strdup_printf("frame %" G_GUINT64_FORMAT, pte_pfn(pte));
}

void regs_read(const guint8 *bytes, Regs *ret)
{
	guint64 words[4 + FAKE_GENERAL];

	memcpy(words, bytes, sizeof(words));
	ret->pc = words[0];
	ret->flags = words[1];
	ret->fault = words[2];
	ret->root = words[3];
	memcpy(ret->general, words + 4, FAKE_GENERAL * sizeof(*words));
}

guint64 regs_sp(const Regs *regs)
{
	return regs->general[FAKE_SP];
}

guint64 regs_result(const Regs *regs)
{
	return regs->general[0];
}

guint64 regs_argument(const Regs *regs, int n)
{
	return regs->general[n];
}

bool regs_takes_interrupts(const Regs *regs)
{
	return !(regs->flags & FAKE_MASKED);
}

RegPlace regs_faulted_at(const Regs *regs)
{
	return (RegPlace){ false, regs->general[FAKE_FAULT_PC] };
}

RegPlace regs_return_to(const Regs *regs)
{
	return (RegPlace){ false, regs->general[FAKE_LINK] };
}

/* All but the arguments and the link. */
bool regs_alike_to_caller(const Regs *a, const Regs *b)
{
	return a->pc == b->pc && regs_sp(a) == regs_sp(b) && regs_result(a) == regs_result(b);
}

void regs_each(const Regs *regs, RegsFunc func, gpointer data)
{
	func("pc", regs->pc, data);
	func("sp", regs_sp(regs), data);
}

RegWrite reg_pc(guint64 value)
{
	return (RegWrite){ FAKE_PC, value };
}

RegWrite reg_general(int number, guint64 value)
{
	return (RegWrite){ number, value };
}

RegWrite reg_result(guint64 value)
{
	return (RegWrite){ 0, value };
}

RegWrite reg_argument(int n, guint64 value)
{
	return (RegWrite){ n, value };
}

void regs_return(const Regs *regs, guint64 back, guint64 result, RegWrite ret[REGS_RETURN])
{
	ret[0] = reg_result(result);
	ret[1] = (RegWrite){ FAKE_SP, regs_sp(regs) };
	ret[2] = reg_pc(back);
}

RegWrite reg_hold_interrupts(HoldInterrupts hold)
{
	return (RegWrite){ FAKE_PRIORITY, hold };
}

RegWrite reg_flush_tlb(const Regs *regs)
{
	(void)regs;
	return (RegWrite){ FAKE_PURGE, 1 };
}

const char *const FLUSH_NAMES[N_FLUSHES + 1] = {
	[FLUSH_NONE] = "none", [FLUSH_PAGE] = "page", [FLUSH_CONTEXT] = "context",
	[FLUSH_BUT_GLOBAL] = "local", [FLUSH_ALL] = "all", NULL,
};

struct Decoder {
	int none;
};

Decoder *decoder_new(void)
{
	return g_new0(Decoder, 1);
}

void decoder_free(Decoder *decoder)
{
	g_free(decoder);
}

static Access access_of(FakeOperation operation)
{
	switch (operation) {
	case FAKE_LOAD:
		return ACCESS_READ;
	case FAKE_STORE:
		return ACCESS_WRITE;
	case FAKE_CAS:
		return ACCESS_CMPXCHG;
	case FAKE_SWAP:
		return ACCESS_XCHG;
	case FAKE_ADD:
		return ACCESS_RMW;
	default:
		return ACCESS_NONE;
	}
}

static Flush flush_of(FakeOperation operation)
{
	return operation == FAKE_FLUSH_PAGE ? FLUSH_PAGE : operation == FAKE_FLUSH_LOCAL ? FLUSH_BUT_GLOBAL
	     : operation == FAKE_FLUSH_ALL ? FLUSH_ALL : FLUSH_NONE;
}

bool decoder_insn(Decoder *decoder, const guint8 *bytes, gsize len, guint64 pc, Insn *ret)
{
	FakeInsn insn = { 0 };
	gsize size = len && *bytes == FAKE_NOP ? 1 : sizeof(insn);

	(void)decoder;
	if (len < size || *bytes == 0 || *bytes >= FAKE_OPERATIONS)
		return false;
	memcpy(&insn, bytes, size);
	FakeOperation operation = insn.operation;
	*ret = (Insn){
		.pc = pc, .length = size, .locked = operation == FAKE_CAS || operation == FAKE_SWAP,
		.masks = operation == FAKE_MASK,
		.waits = operation == FAKE_WAIT || operation == FAKE_HALT, .halts = operation == FAKE_HALT,
		.flush = flush_of(operation), .root = -1, .access = access_of(operation), .bytes = insn.bytes,
		.plain = operation == FAKE_LOAD || operation == FAKE_STORE,
		.target = operation == FAKE_LOAD ? insn.reg : -1, .base = insn.base, .index = -1,
		.displacement = insn.word,
	};
	memcpy(ret->code, bytes, size);
	g_snprintf(ret->text, sizeof(ret->text), "operation %d", operation);
	return true;
}

bool decoder_is_worth(const guint8 *text, gsize size)
{
	(void)text;
	return size > 0;
}

guint64 insn_address(const Insn *insn, const Regs *regs)
{
	return regs->general[insn->base] + insn->displacement;
}

bool insn_unmasks(const guint8 *bytes)
{
	return *bytes == FAKE_UNMASK;
}

guint64 insn_call_before(guint64 back)
{
	return back - sizeof(FakeInsn);
}
