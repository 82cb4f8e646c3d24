// SPDX-License-Identifier: GPL-2.0-only
/*
 * I8: the scratch page reads as zeroes.
 *
 * What is in it at the end is drgn's to see.  Here: user space never gets at it, by
 * whatever it has mapped at the address (arena_vm_fault(), "BPF triggered scratch here").
 * Broken by: user-maps-scratch in user-fault-on-scratch.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	if (event->kind != EVENT_ACCESS || event->faulted || event_is_kernel(event) ||
	    !event->landed || (gint64)event->landed != check->scratch[event->page])
		return;
	Violation found = check_violation(check, "I8", "user-maps-scratch", event);
	check_blame(check, &found, event->actor);
	found.page = event->page;
	found.pfn = event->landed;
	check_found(check, &found);
}

static const Invariant i8 = {
	.id = "I8",
	.statement = "the scratch page reads as zeroes, and user space never sees it",
	.source = "Dwivedi, bpf list, 12 May 2026: \"It likely should also be zeroed out\"",
	.reasons = (const InvariantReason[]){
		{ "user-maps-scratch",
		  "user space has the scratch page mapped in the place of page {page}", REASON_EVENT },
		{ "kernel-wrote",
		  "the scratch page holds what the kernel wrote through a bad pointer", REASON_END },
		{ "not-zero", "the scratch page is not zero and no access wrote to it", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_ACCESS),
	.reads = READS_DATA,
	.event = on_event,
	.end = true,
};
INVARIANT(i8);
