// SPDX-License-Identifier: GPL-2.0-only
/*
 * I4: outside the lock, range tree and PTEs agree; what is free can be allocated.
 *
 * analysis/helpers/invariants/i4.py has the check, at the end of a schedule.
 * Broken by: alloc-ignores-scratch in alloc-over-scratch.
 */
#include "check/check.h"

static const Invariant i4 = {
	.id = "I4",
	.statement = "outside the lock, range tree and PTEs agree; what is free can be allocated",
	.source = "Tsalapatis, bpf list, 12 May 2026: \"it can just allocate over them and "
		  "automatically turns the address valid\"",
	.reasons = (const InvariantReason[]){
		{ "free-maps-page",
		  "page {page} is free in the range tree and maps a page", REASON_END },
		{ "reserved-free", "page {page} is reserved and free in the range tree", REASON_END },
		{ "reserved-maps-page", "page {page} is reserved and maps a page", REASON_END },
		{ "allocated-maps-nothing",
		  "page {page} is allocated in the range tree and maps nothing", REASON_END },
		{ "allocated-maps-scratch",
		  "page {page} is allocated in the range tree and maps the scratch page", REASON_END },
		{ "allocation-failed",
		  "{actor} failed, and its address was free all the time", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.end = true,
};
INVARIANT(i4);
