// SPDX-License-Identifier: GPL-2.0-only
#include "step/decode.h"

#include <capstone/capstone.h>

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

/* capstone's register to an index into Regs.gpr. */
static int gpr_index(x86_reg reg)
{
	static const x86_reg order[16] = {
		X86_REG_RAX, X86_REG_RBX, X86_REG_RCX, X86_REG_RDX, X86_REG_RSI, X86_REG_RDI,
		X86_REG_RBP, X86_REG_RSP, X86_REG_R8, X86_REG_R9, X86_REG_R10, X86_REG_R11,
		X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15,
	};

	if (reg == X86_REG_INVALID)
		return GPR_NONE;
	if (reg == X86_REG_RIP)
		return GPR_RIP;
	for (int i = 0; i < 16; i++)
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
		return FLUSH_PCID;
	if (insn->id != X86_INS_MOV || insn->detail->x86.op_count < 1 || to->type != X86_OP_REG)
		return FLUSH_NONE;
	return to->reg == X86_REG_CR3 ? FLUSH_CR3 : to->reg == X86_REG_CR4 ? FLUSH_CR4 : FLUSH_NONE;
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
		.pause = insn->id == X86_INS_PAUSE || insn->id == X86_INS_HLT,
		.cli = insn->id == X86_INS_CLI,
		.halt = insn->id == X86_INS_HLT,
		.flush = flush_of(insn),
		.root = flush_of(insn) == FLUSH_CR3 ? MAX(gpr_index(x86->operands[1].reg), GPR_NONE)
						    : GPR_NONE,
		.base = GPR_NONE,
		.index = GPR_NONE,
		.plain = insn->id == X86_INS_MOV,
		.target = insn->id == X86_INS_MOV && x86->operands[0].type == X86_OP_REG
				  ? MAX(gpr_index(x86->operands[0].reg), GPR_NONE) : GPR_NONE,
	};
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

guint64 insn_address(const Insn *insn, const Regs *regs)
{
	guint64 addr = insn->displacement;

	if (insn->base >= 0)
		addr += regs->gpr[insn->base];
	else if (insn->base == GPR_RIP)
		addr += insn->pc + insn->length;
	if (insn->index >= 0)
		addr += regs->gpr[insn->index] * insn->scale;
	return addr;
}
