// SPDX-License-Identifier: GPL-2.0-only
/*
 * I10: the kernel log holds no splat.
 *
 * analysis/helpers/invariants/i10.py has the check, at the end of a schedule.
 * Broken by: fault-in-last-arena in fault-without-arena.
 */
#include "check/check.h"

static const Invariant i10 = {
	.id = "I10",
	.statement = "the kernel log holds no splat",
	.source = "Documentation/process/coding-style.rst, \"Do not crash the kernel\"",
	.reasons = (const InvariantReason[]){
		{ "splat", "kernel log: {log}", REASON_END },
		{ "no-oops", "{actor} was to end in an oops, and the kernel went on", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.end = true,
};
INVARIANT(i10);
