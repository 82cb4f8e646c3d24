// SPDX-License-Identifier: GPL-2.0-only
/*
 * I9: page accounting equals the PTEs that map pages; nothing is leaked at destroy.
 *
 * What is left at the end is drgn's to count.  Here: nothing is given back twice (of the
 * scratch page that is I3).
 * Broken by: free-clears-in-two-steps in free-vs-free.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	if (event->kind == EVENT_FREE && event->freed && !check_is_scratch_pfn(check, event->pfn))
		check_violation(check, "I9", check->n_events,
				"a page is given back that is free already");
}

static const Invariant i9 = {
	.id = "I9",
	.statement = "pages counted, mapped, handed out and given back are the same ones",
	.source = "struct bpf_arena, \"number of pages currently populated in the arena\"",
	.reads = READS_PTE | READS_ALLOCATOR,
	.event = on_event,
	.end = true,
};
INVARIANT(i9);
