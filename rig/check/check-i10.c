// SPDX-License-Identifier: GPL-2.0-only
/*
 * I10: the kernel log holds no splat.
 *
 * drgn reads the log and knows how the kernel opens a splat (analysis/helpers/klog.py).
 * Broken by: fault-in-last-arena in fault-without-arena.
 */
#include "check/check.h"

/* The actor that was to end in an oops did not, and nothing else stood in its way. */
static void judge_missing_oops(Check *check, const End *end)
{
	int declared = check->header.declared.oops_actor;

	if (end->how != ENDED_DONE || declared < 0)
		return;
	for (int i = 0; i < end->n_actors; i++)
		if (end->actors[i].state == END_CRASHED)
			return;
	Violation found = check_violation(check, "I10", "no-oops", NULL);
	found.actor = check->header.actors[declared].name;
	check_found_at_end(check, &found);
}

static void at_end(Check *check, const End *end)
{
	judge_missing_oops(check, end);
	for (guint i = 0; i < end->splats->len; i++) {
		Violation found = check_violation(check, "I10", "splat", NULL);

		found.log = g_ptr_array_index(end->splats, i);
		check_found_at_end(check, &found);
	}
}

static const Invariant i10 = {
	.id = "I10",
	.statement = "the kernel log holds no splat",
	.source = "Documentation/process/coding-style.rst, \"Do not crash the kernel\"",
	.reasons = (const InvariantReason[]){
		{ "splat", "kernel log: {log}", REASON_STATE },
		{ "no-oops", "{actor} was to end in an oops, and the kernel went on", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.at_end = at_end,
};
INVARIANT(i10);
