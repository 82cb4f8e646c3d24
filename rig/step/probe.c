// SPDX-License-Identifier: GPL-2.0-only
#include "step/probe.h"

#include "arch/arch.h"
#include "util/lose.h"

/* Told apart by their lowest byte, too: a store may have one byte only. */
static guint64 stamp(int i)
{
	return 0x7ace57a3b1e5c0c0 + i;
}

static guint64 low(guint64 value, guint bytes)
{
	return bytes == 8 ? value : value & ((1ull << 8 * bytes) - 1);
}

static guint64 place(const Probe *probe, int i)
{
	return probe->frames[i] * arch_page_bytes() + probe->offset;
}

static guint64 look(const Probe *probe, int i)
{
	return low(machine_phys64(probe->machine, place(probe, i)), probe->bytes);
}

static void put(Probe *probe, int i, guint64 value)
{
	if (lose("stamp"))
		return;
	guint64 all = machine_phys64(probe->machine, place(probe, i));

	machine_phys64_set(probe->machine, place(probe, i),
			   (all & ~low(~0ull, probe->bytes)) | low(value, probe->bytes));
}

bool probe_begin(Probe *probe, Machine *machine, const Insn *insn, guint64 addr,
		 const guint64 *frames, int n)
{
	bool load = insn->access == ACCESS_READ;

	*probe = (Probe){
		.machine = machine,
		.n = MIN(n, PROBE_FRAMES),
		.offset = addr % arch_page_bytes(),
		.bytes = insn->bytes,
	};
	if (!insn->plain || (load && (insn->target < 0 || insn->bytes != 8)) ||
	    (!load && insn->access != ACCESS_WRITE) || insn->bytes > 8 ||
	    probe->offset + 8 > arch_page_bytes())
		return false;
	/* A PTE may name a frame that is none: nothing can be stamped there. */
	for (int i = 0; i < probe->n; i++)
		if (!machine_has_phys(machine, frames[i] * arch_page_bytes(), arch_page_bytes()))
			return false;
	for (int i = 0; i < probe->n; i++) {
		probe->frames[i] = frames[i];
		probe->was[i] = look(probe, i);
		put(probe, i, stamp(i));
	}
	return probe->n > 0;
}

bool probe_end(Probe *probe, const Insn *insn, int vcpu, Regs *regs, guint64 *ret_frame,
	       GError **error)
{
	bool load = insn->access == ACCESS_READ;
	int found = -1;

	for (int i = 0; i < probe->n; i++) {
		bool wiped = look(probe, i) != low(stamp(i), probe->bytes);

		if (load ? regs->general[insn->target] == stamp(i) : wiped)
			found = i;
		if (!wiped)
			put(probe, i, probe->was[i]);
	}
	*ret_frame = found < 0 ? 0 : probe->frames[found];
	if (found < 0 || !load)
		return true;
	regs->general[insn->target] = probe->was[found];
	return machine_set(probe->machine, vcpu, reg_general(insn->target, probe->was[found]), error);
}
