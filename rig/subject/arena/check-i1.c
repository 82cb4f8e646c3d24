// SPDX-License-Identifier: GPL-2.0-only
/*
 * I1: a PTE that maps an allocated page never becomes the scratch page.
 *
 * A free may put it there where every address is mapped at all times; it holds the lock.
 * Broken by: scratch-plain-store in fault-vs-alloc.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	for (int i = 0; i < check->n_pages; i++) {
		if (!check_is_page(check, i, event->before[i]) ||
		    !check_is_scratch(check, i, event->after[i]) || check_takes_back(check, event, i))
			continue;
		Violation found = check_violation(check, "I1", "pte-overwritten", event);
		found.page = i;
		check_found(check, &found);
	}
}

static const Invariant i1 = {
	.id = "I1",
	.statement = "a PTE that maps an allocated page never becomes the scratch page",
	.source = "Dwivedi, bpf list, 12 May 2026: \"we shouldn't install scratch page over "
		  "a valid page\"",
	.reasons = (const InvariantReason[]){
		{ "pte-overwritten",
		  "the scratch page replaced the allocated page in the PTE of page {page}", REASON_EVENT },
		{ "maps-scratch",
		  "page {page} is allocated and its PTE maps the scratch page", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_PTE),
	.reads = READS_PTE,
	.event = on_event,
	.end = true,
};
INVARIANT(i1);
