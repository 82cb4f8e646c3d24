// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which frame an access really used, whatever the PTE says.
 *
 * For one instruction every frame that may stand behind the address holds a stamp of
 * its own there: a load brings the stamp of the frame it read, a store wipes out the
 * one it wrote.  Then memory and register get what they would have had.  RAM is
 * written from the host's side and registers through the stub: neither looks at a
 * TLB, so looking changes nothing.
 */
#pragma once

#include "arch/insn.h"
#include "machine/machine.h"

enum { PROBE_FRAMES = 16 };

typedef struct {
	Machine *machine;	/* not owned */
	guint64 frames[PROBE_FRAMES];
	guint64 was[PROBE_FRAMES];
	int n;
	guint offset, bytes;	/* in the page */
} Probe;

/* False: @insn is none of those that can be looked at, or has no candidate. */
bool probe_begin(Probe *probe, Machine *machine, const Insn *insn, guint64 addr,
		 const guint64 *frames, int n);

/*
 * After the step: *@ret_frame is the frame, or 0 when none of them was it.  @regs of
 * @vcpu are put right.
 */
bool probe_end(Probe *probe, const Insn *insn, int vcpu, Regs *regs, guint64 *ret_frame,
	       GError **error);
