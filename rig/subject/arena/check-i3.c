// SPDX-License-Identifier: GPL-2.0-only
/*
 * I3: the scratch page is never freed and its reference count never drops to zero while the
 * arena lives.
 *
 * What is left at the end is drgn's to count.  Here: the arena's end frees it only once.
 * Broken by: destroy-frees-scratch in destroy-with-scratch.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	if (event->kind != EVENT_FREE || !event->double_free ||
	    !check_is_scratch_pfn(check, event->pfn))
		return;
	Violation found = check_violation(check, "I3", "double-free", event);
	found.pfn = event->pfn;
	check_found(check, &found);
}

static const Invariant i3 = {
	.id = "I3",
	.statement = "the scratch page is never freed while the arena lives, and once at its end",
	.source = "apply_range_clear_cb(), \"Without the skip, scratch_page would be "
		  "freed\"",
	.reasons = (const InvariantReason[]){
		{ "double-free", "the scratch page is freed and is free already", REASON_EVENT },
		{ "no-reference", "the scratch page's reference count is {count}", REASON_END },
		{ "freed-while-alive", "the scratch page was freed and its arena lives", REASON_END },
		{ "freed-again", "the scratch page was freed {count} times", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_FREE),
	.reads = READS_ALLOCATOR,
	.event = on_event,
	.end = true,
};
INVARIANT(i3);
