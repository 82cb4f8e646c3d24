// SPDX-License-Identifier: GPL-2.0-only
/*
 * I6: a page goes back to the page allocator only when no PTE maps it and no
 * vCPU may hold a translation to it.
 *
 * The one exception is the arena's end, when whoever could have reached its pages is
 * gone: existing_page_cb() says "it all relies on" that.
 * Where the flush of an address is left to a purge, nobody is to use it meanwhile: documented.
 * Broken by: free-no-flush in fault-vs-free.
 */
#include "check/check.h"

static int mapping_page(const Check *check, const Event *event)
{
	for (int i = 0; i < header_ptes(&check->header); i++)
		if (pte_present(event->before[i]) && pte_pfn(event->before[i]) == event->pfn)
			return i < check->n_pages ? i : check->header.more[i - check->n_pages].page;
	return -1;
}

/* By lazy addresses only? */
static bool is_lazy(const Check *check)
{
	for (int page = 0; page < check->n_pages; page++)
		if (!check->header.lazy[page])
			return false;
	return true;
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

	if (check_is_destroyed(check, event->page) && (page >= 0 || actor >= 0)) {
		Violation accepted = check_violation(check, "I6", "arena-end", event);
		accepted.documented = true;
		accepted.pfn = event->pfn;
		check_found(check, &accepted);
		return;
	}
	if (page >= 0) {
		Violation found = check_violation(check, "I6", "still-mapped", event);
		found.page = page;
		found.pfn = event->pfn;
		check_found(check, &found);
	}
	if (actor >= 0) {
		bool lazy = is_lazy(check);
		Violation found = check_violation(check, "I6", lazy ? "lazy" : "still-reachable",
						  event);
		found.documented = lazy;
		check_blame(check, &found, actor);
		found.kind = VIOLATION_POSSIBLE;
		found.pfn = event->pfn;
		check_found(check, &found);
	}
}

static const Invariant i6 = {
	.id = "I6",
	.statement = "a page is freed only when no PTE maps it and no TLB may hold it",
	.source = "arena_free_pages(), \"ensure no stale TLB entries\"",
	.reasons = (const InvariantReason[]){
		{ "still-mapped",
		  "a page is freed that the PTE of page {page} still maps", REASON_EVENT },
		{ "still-reachable",
		  "a page is freed that vCPU {vcpu} may still reach through its TLB", REASON_EVENT },
		{ "lazy",
		  "a page is freed that vCPU {vcpu} may still reach by an address that is "
		  "unmapped and not purged", REASON_EVENT },
		{ "arena-end",
		  "the arena's end frees pages before it empties their PTEs and TLB "
		  "entries", REASON_EVENT },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_FREE),
	.reads = READS_PTE | READS_TLB,
	.event = on_event,
};
INVARIANT(i6);
