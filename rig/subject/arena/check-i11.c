// SPDX-License-Identifier: GPL-2.0-only
/*
 * I11: a kernel fault is reported once, with address and direction.
 *
 * analysis/helpers/invariants/i11.py has the check, at the end of a schedule.
 * Broken by: fault-not-reported in fault-vs-fault.
 */
#include "check/check.h"

static const Invariant i11 = {
	.id = "I11",
	.statement = "a kernel fault is reported once, with address and direction",
	.source = "Dwivedi, bpf list, 12 May 2026: \"preserve fault reporting into streams "
		  "when such scratch pages are brought in\"",
	.reasons = (const InvariantReason[]){
		{ "misreported",
		  "the {direction} fault at {address} was taken {expected} times by one "
		  "program and reported {count} times to it", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.end = true,
};
INVARIANT(i11);
