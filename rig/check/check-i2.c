// SPDX-License-Identifier: GPL-2.0-only
/*
 * I2: after a successful alloc of an address and until its free, its PTE maps
 * exactly the page handed out.
 * Broken by: alloc-overwrites-page in alloc-vs-alloc.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	for (int i = 0; i < check->n_pages; i++) {
		Ownership *page = &check->pages[i];
		guint64 now = event->after[i];
		bool maps = pte_maps(now, page->pfn);
		/* It is the program's from the return of the allocation on. */
		bool owned = page->owned || (event->kind == EVENT_RETURN && page->installed &&
					     page->by == event->actor);

		if (!owned || maps || page->lost || check_has_ended(check, i) ||
		    check_takes_back(check, event, i))
			continue;
		page->lost = true;
		Violation found = check_violation(check, "I2", "mapping-lost", event);
		found.page = i;
		found.pfn = page->pfn;
		check_found(check, &found);
	}
}

static void at_end(Check *check, const End *end)
{
	for (int i = 0; i < end->n_pages; i++) {
		const Ownership *page = &check->pages[i];
		guint64 now = end->pages[i].pte;

		if (!end->pages[i].exists || !page->owned ||
		    pte_maps(now, page->pfn))
			continue;
		Violation found = check_violation(check, "I2", "maps-another", NULL);
		found.page = i;
		check_found_at_end(check, &found);
	}
}

static const Invariant i2 = {
	.id = "I2",
	.statement = "an allocated address maps exactly the page handed out, until its free",
	.source = "bpf_arena_alloc_pages(), commit 317460317a02 (\"bpf: Introduce "
		  "bpf_arena\")",
	.reasons = (const InvariantReason[]){
		{ "mapping-lost",
		  "page {page} is allocated and its PTE no longer maps the page handed "
		  "out", REASON_EVENT },
		{ "maps-another",
		  "page {page} is allocated and its PTE does not map the page handed out", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_PTE) | EVENT_BIT(EVENT_RETURN),
	.reads = READS_PTE | READS_OWNER,
	.event = on_event,
	.at_end = at_end,
	.exceptions = (const InvariantException[]){
		{ "arena-end", "a page of an arena that is being taken apart is nobody's any more",
		  "a map is freed when its last reference is gone", false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i2);
