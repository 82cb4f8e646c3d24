// SPDX-License-Identifier: GPL-2.0-only
/*
 * I4: outside the lock, range tree and PTEs agree; what is free can be allocated.
 *
 * The range tree changes under the lock only: who puts a page into a PTE, or takes one out, and does
 * not hold it, parts the two.  Whether they agree is asked when every operation has returned:
 * before that, somebody may be half done.
 * Broken by: alloc-ignores-scratch in alloc-over-scratch.
 */
#include <string.h>

#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	int page = event->page;

	if (event->kind != EVENT_PTE || event->view || check->header.guards[page] < 0 ||
	    check_holds_lock(check, event, page) || check_has_ended(check, page) ||
	    check_is_page(check, page, event->before[page]) ==
		    check_is_page(check, page, event->after[page]))
		return;
	Violation found = check_violation(check, "I4", "unlocked-store", event);
	found.page = page;
	check_blame(check, &found, event->actor);
	check_found(check, &found);
}

/* What is wrong with @page, which maps what @pte says; NULL: nothing. */
static const char *find_wrong(const EndPage *page, bool maps_page)
{
	if (page->free && maps_page)
		return "free-maps-page";
	if (page->reserved)
		return page->free ? "reserved-free" : maps_page ? "reserved-maps-page" : NULL;
	if (page->free || maps_page || page->maybe_reserved)
		return NULL;
	return pte_present(page->pte) ? "allocated-maps-scratch" : "allocated-maps-nothing";
}

static void judge_result(Check *check, const End *end)
{
	int actor = check->header.declared.succeeds;

	if (end->how != ENDED_DONE || actor < 0 || end->actors[actor].state != END_RETURNED ||
	    end->actors[actor].result == 1 || (check->failed >> actor & 1))
		return;
	Violation found = check_violation(check, "I4", "allocation-failed", NULL);
	check_blame(check, &found, actor);
	check_found_at_end(check, &found);
}

static void at_end(Check *check, const End *end)
{
	judge_result(check, end);
	for (int i = 0; end_is_quiet(end) && i < end->n_pages; i++) {
		const EndPage *page = &end->pages[i];
		const char *wrong = page->exists
			? find_wrong(page, check_is_page(check, i, page->pte)) : NULL;

		if (!wrong)
			continue;
		bool by_user = strcmp(wrong, "reserved-maps-page") == 0 && check->pages[i].by_user;
		Violation found = check_violation(check, "I4", by_user ? "reserved-populated" : wrong, NULL);
		found.page = i;
		found.documented = by_user;
		check_found_at_end(check, &found);
	}
}

static const Invariant i4 = {
	.id = "I4",
	.statement = "outside the lock, range tree and PTEs agree; what is free can be allocated",
	.source = "Tsalapatis, bpf list, 12 May 2026: \"it can just allocate over them and "
		  "automatically turns the address valid\"",
	.reasons = (const InvariantReason[]){
		{ "unlocked-store",
		  "{actor} puts a page into the PTE of page {page}, or takes it out, without the lock",
		  REASON_EVENT },
		{ "free-maps-page",
		  "page {page} is free in the range tree and maps a page", REASON_STATE },
		{ "reserved-free", "page {page} is reserved and free in the range tree", REASON_END },
		{ "reserved-maps-page", "page {page} is reserved and maps a page", REASON_END },
		{ "reserved-populated", "page {page} is reserved, and user space has populated it",
		  REASON_END },
		{ "allocated-maps-nothing",
		  "page {page} is allocated in the range tree and maps nothing", REASON_STATE },
		{ "allocated-maps-scratch",
		  "page {page} is allocated in the range tree and maps the scratch page", REASON_STATE },
		{ "allocation-failed",
		  "{actor} failed, and its address was free all the time", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_PTE),
	.reads = READS_PTE,
	.event = on_event,
	.at_end = at_end,
	.exceptions = (const InvariantException[]){
		{ "reserved-populated", "documented: what is reserved no allocation adds pages to; user "
		  "space may fault one in, or pin one",
		  "arena_reserve_pages(), \"stops bpf_arena_alloc_pages from adding pages\"", false },
		{ "call-failed", "an allocation in which a call was made to fail",
		  "arena_alloc_pages(): \"if (!pages) … return 0\", and \"if (ret) goto out\"", false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i4);
