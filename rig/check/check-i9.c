// SPDX-License-Identifier: GPL-2.0-only
/*
 * I9: page accounting equals the PTEs that map pages; nothing is leaked at destroy.
 *
 * What is left at the end is drgn's to count.  Here: nothing is freed twice (of the
 * scratch page that is I3).
 * Broken by: free-clears-in-two-steps in free-vs-free.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	if (event->kind != EVENT_FREE || !event->double_free ||
	    check_is_scratch_pfn(check, event->pfn))
		return;
	Violation found = check_violation(check, "I9", "double-free", event);
	found.pfn = event->pfn;
	check_found(check, &found);
}

static const Invariant i9 = {
	.id = "I9",
	.statement = "pages counted, mapped, handed out and freed are the same ones",
	.source = "struct bpf_arena, \"number of pages currently populated in the arena\"",
	.reasons = (const InvariantReason[]){
		{ "double-free", "a page is freed that is free already", REASON_EVENT },
		{ "miscounted", "the arena counts {count} pages and maps {expected}", REASON_END },
		{ "scratch-leaked",
		  "the arena is gone and its scratch page was never freed", REASON_END },
		{ "freed-maps-page", "page {page} was freed and still maps a page", REASON_END },
		{ "leaked",
		  "no PTE maps {count} of the pages handed out, and nobody freed them", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_FREE),
	.reads = READS_ALLOCATOR,
	.event = on_event,
	.end = true,
};
INVARIANT(i9);
