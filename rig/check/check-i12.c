// SPDX-License-Identifier: GPL-2.0-only
/*
 * I12: user space and the kernel agree on what an address maps.
 *
 * A user PTE gets only the frame that the kernel's PTE of that address maps then, and when a
 * free has returned no user PTE maps the frame that it took.  A free that the kernel puts off has
 * no return: of that the end tells, when a user PTE is empty or maps what the kernel's maps.
 * Broken by: free-one-no-zap in user-access-vs-free.
 */
#include "check/check.h"

static void report(Check *check, const char *reason, const Event *event, int page, guint64 pfn,
		   bool documented)
{
	Violation found = check_violation(check, "I12", reason, event);

	found.page = page;
	found.pfn = pfn;
	found.documented = documented;
	check_found(check, &found);
}

/* What its frees took, and user space still has: or would have, were anybody left in that process. */
static void judge_return(Check *check, const Event *event)
{
	const TraceHeader *header = &check->header;

	for (guint i = 0; i < check->taken->len; i++) {
		const FrameTaken *taken = &g_array_index(check->taken, FrameTaken, i);

		for (int more = 0; taken->by == event->actor && !taken->returned &&
				   more < header->n_more; more++)
			if (header->more[more].page == taken->page &&
			    pte_maps(event->after[header->n_pages + more], taken->pfn))
				report(check, "freed-still-mapped", event, taken->page, taken->pfn,
				       check->unused >> header->more[more].view & 1);
	}
}

/* By a free that has returned, or by one that is under way. */
static bool is_taken(const Check *check, int page, guint64 pfn, bool returned)
{
	for (guint i = 0; i < check->taken->len; i++) {
		const FrameTaken *taken = &g_array_index(check->taken, FrameTaken, i);

		if (taken->returned == returned && taken->page == page && taken->pfn == pfn)
			return true;
	}
	return false;
}

/* User space gets a frame mapped that the kernel's PTE does not map. */
static void judge_mapped(Check *check, const Event *event, int page, guint64 pfn)
{
	bool after_free = is_taken(check, page, pfn, true);

	report(check, after_free ? "mapped-after-free" : "user-maps-another", event, page, pfn,
	       !after_free && event->after[page] == 0 && is_taken(check, page, pfn, false));
}

static void on_event(Check *check, const Event *event)
{
	const TraceHeader *header = &check->header;

	if (event->kind == EVENT_RETURN)
		judge_return(check, event);
	for (int i = 0; i < header->n_more; i++) {
		int slot = header->n_pages + i, page = header->more[i].page;
		guint64 now = event->after[slot];

		if (pte_present(now) && !pte_maps(event->before[slot], pte_pfn(now)) &&
		    !pte_maps(event->after[page], pte_pfn(now)))
			judge_mapped(check, event, page, pte_pfn(now));
	}
}

static void at_end(Check *check, const End *end)
{
	const TraceHeader *header = &check->header;

	for (int i = 0; end_is_quiet(end) && i < header->n_more; i++) {
		guint64 pte = check->ptes[header->n_pages + i];
		int page = header->more[i].page;

		if (!pte_present(pte) || !end->pages[page].exists ||
		    pte_maps(check->ptes[page], pte_pfn(pte)))
			continue;
		Violation found = check_violation(check, "I12", "disagree", NULL);
		found.page = page;
		check_found_at_end(check, &found);
	}
}

static const Invariant i12 = {
	.id = "I12",
	.statement = "a user PTE maps what the kernel's PTE of that address maps, or nothing",
	.source = "zap_pages(), \"unmap it from all user space vma-s\"",
	.reasons = (const InvariantReason[]){
		{ "user-maps-another",
		  "user space gets a page mapped at page {page} that the kernel's PTE does not map",
		  REASON_EVENT },
		{ "mapped-after-free",
		  "page {page} has been freed, and user space gets the old page mapped there",
		  REASON_EVENT },
		{ "freed-still-mapped",
		  "page {page} has been freed, and user space still has the old page mapped",
		  REASON_EVENT },
		{ "disagree",
		  "at the end user space and the kernel map different pages at page {page}",
		  REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_PTE) | EVENT_BIT(EVENT_RETURN),
	.reads = READS_PTE,
	.event = on_event,
	.at_end = at_end,
	.exceptions = (const InvariantException[]){
		{ "free-under-way", "between a free's store to the kernel's PTE and its end, while that "
		  "PTE is empty, user space may still get the old page mapped: as if it had before",
		  "zap_pages(), \"unmap it from vmalloc area, unmap it from all user space vma-s\"", false },
		{ "no-users", "of a process that nobody uses any more the PTEs keep what a free takes, "
		  "until its end is there, too: nobody can get there by them",
		  "zap_pages(), \"if (!mmget_not_zero(vml->vma->vm_mm))\"", false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i12);
