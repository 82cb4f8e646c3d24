// SPDX-License-Identifier: GPL-2.0-only
/*
 * I6: a page goes back to the page allocator only when no PTE maps it and no
 * vCPU may hold a translation to it.
 *
 * The one exception is the arena's end, when whoever could have reached its pages, and only
 * its, is gone: existing_page_cb() says "it all relies on" that.
 * Where the flush of an address is left to a purge, nobody is to use it meanwhile: documented.
 * Broken by: free-no-flush in fault-vs-free.
 */
#include "check/check.h"

/* The page that PTE @slot is of. */
static int page_of(const Check *check, int slot)
{
	return slot < check->n_pages ? slot : check->header.more[slot - check->n_pages].page;
}

/* Whether PTE @slot maps the frame that @event frees. */
static bool maps(const Event *event, int slot)
{
	return pte_maps(event->before[slot], event->pfn);
}

/* A page of which a PTE maps it; @ended: of an arena that is at its end. */
static int mapping_page(const Check *check, const Event *event, bool ended)
{
	for (int i = 0; i < header_ptes(&check->header); i++)
		if (check_has_ended(check, page_of(check, i)) == ended && maps(event, i))
			return page_of(check, i);
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

/* Left to a purge is the flush of an address that is unmapped, of no other. */
static bool is_left(const Check *check, const Event *event, int slot)
{
	return !check->header.lazy[page_of(check, slot)] || !maps(event, slot);
}

/*
 * The same of an actor that may reach it by the address of such a page.
 *
 * A vCPU that runs no process keeps the tables of the last one (lazy TLB mode): it gets no IPI,
 * uses none of what it holds of them, and flushes before it is back in the process.
 */
static int reaching_actor(const Check *check, const Event *event, bool ended)
{
	for (int actor = 0; actor < check->n_actors; actor++) {
		int slots = event->lazy >> actor & 1 ? check->n_pages : header_ptes(&check->header);

		for (int i = 0; i < slots; i++)
			if (is_left(check, event, i) &&
			    check_has_ended(check, page_of(check, i)) == ended &&
			    tlb_may(&check->tlb, actor, i, event->pfn))
				return actor;
	}
	return -1;
}

static void on_event(Check *check, const Event *event)
{
	if (event->kind != EVENT_FREE)
		return;
	int page = mapping_page(check, event, false), actor = reaching_actor(check, event, false);

	if (mapping_page(check, event, true) >= 0 || reaching_actor(check, event, true) >= 0) {
		Violation accepted = check_violation(check, "I6", "arena-end", event);
		accepted.documented = true;
		accepted.pfn = event->pfn;
		check_found(check, &accepted);
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
	.exceptions = (const InvariantException[]){
		{ "arena-end",
		  "documented: the end of an arena frees its pages before it empties their PTEs and TLB "
		  "entries",
		  "existing_page_cb(), \"it all relies on\" nobody being left", false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i6);
