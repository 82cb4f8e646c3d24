// SPDX-License-Identifier: GPL-2.0-only
/*
 * I6: a page goes back to the page allocator only when no PTE maps it and no
 * vCPU may hold a translation to it.
 *
 * The one exception is the arena's end, when whoever could have reached its pages is
 * gone: existing_page_cb() says "it all relies on" that.
 * Broken by: free-no-flush in fault-vs-free.
 */
#include "check/check.h"

static int mapping_page(const Check *check, const Event *event)
{
	for (int i = 0; i < check->n_pages; i++)
		if (pte_present(event->before[i]) && pte_pfn(event->before[i]) == event->pfn)
			return i;
	return -1;
}

static int reaching_actor(const Check *check, const Event *event)
{
	for (int actor = 0; actor < check->n_actors; actor++)
		if (tlb_reaches(&check->tlb, actor, event->pfn))
			return actor;
	return -1;
}

static void on_event(Check *check, const Event *event)
{
	if (event->kind != EVENT_FREE)
		return;
	int page = mapping_page(check, event), actor = reaching_actor(check, event);

	if (check->destroyed && (page >= 0 || actor >= 0)) {
		check_document(check, "I6", check->n_events,
			       "the arena's end gives pages back before it empties their PTEs "
			       "and TLB entries");
		return;
	}
	if (page >= 0)
		check_violation(check, "I6", check->n_events,
				"a page is freed that the PTE of page %d still maps", page);
	if (actor < 0)
		return;
	check_violation(check, "I6", check->n_events,
			"a page is freed that vCPU %d may still reach through its TLB", actor);
	check_last_is_possible(check);
}

static const Invariant i6 = {
	.id = "I6",
	.statement = "a page is given back only when no PTE maps it and no TLB may hold it",
	.source = "arena_free_pages(), \"ensure no stale TLB entries\"",
	.reads = READS_PTE | READS_TLB | READS_ALLOCATOR,
	.event = on_event,
};
INVARIANT(i6);
