// SPDX-License-Identifier: GPL-2.0-only
/*
 * I3: the scratch page is never freed and its reference count never drops to zero while the
 * arena lives.
 *
 * A free is seen when it happens; what is left of it at the end drgn counts.
 * Broken by: destroy-frees-scratch in destroy-with-scratch.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	int arena = event->kind == EVENT_FREE ? check_scratch_group(check, event->pfn) : -1;

	if (arena < 0 || (!event->double_free && check->ended[arena]))
		return;
	Violation found = check_violation(check, "I3", event->double_free
					  ? "double-free" : "freed-while-alive", event);
	found.pfn = event->pfn;
	check_found(check, &found);
}

static void at_end(Check *check, const End *end)
{
	for (int i = 0; i < end->n_groups; i++) {
		const EndGroup *arena = &end->groups[i];
		int freed = check_freed(check, check_group_scratch(check, i));
		bool lost = arena->lives && arena->refcount != VIOLATION_NONE && arena->refcount <= 0;

		if (!lost && freed <= 1)
			continue;
		Violation found = check_violation(check, "I3", lost ? "no-reference" : "freed-again", NULL);
		found.count = lost ? arena->refcount : freed;
		check_found_at_end(check, &found);
	}
}

static const Invariant i3 = {
	.id = "I3",
	.statement = "the scratch page is never freed while the arena lives, and once at its end",
	.source = "apply_range_clear_cb(), \"Without the skip, scratch_page would be "
		  "freed\"",
	.reasons = (const InvariantReason[]){
		{ "double-free", "the scratch page is freed and is free already", REASON_EVENT },
		{ "no-reference", "the scratch page's reference count is {count}", REASON_STATE },
		{ "freed-while-alive", "the scratch page is freed and its arena lives", REASON_EVENT },
		{ "freed-again", "the scratch page was freed {count} times", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_FREE),
	.reads = READS_ALLOCATOR,
	.event = on_event,
	.at_end = at_end,
};
INVARIANT(i3);
