// SPDX-License-Identifier: GPL-2.0-only
/*
 * I9: page accounting equals the PTEs that map pages; nothing is leaked at destroy.
 *
 * Nothing is freed twice (of the scratch page that is I3); the rest is counted when every
 * operation has returned.
 * Broken by: free-clears-in-two-steps in free-vs-free.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	if (event->kind != EVENT_FREE || !event->double_free ||
	    check_scratch_group(check, event->pfn) >= 0)
		return;
	Violation found = check_violation(check, "I9", "double-free", event);
	found.pfn = event->pfn;
	check_found(check, &found);
}

static void judge_arenas(Check *check, const End *end)
{
	for (int i = 0; i < end->n_groups; i++) {
		const EndGroup *arena = &end->groups[i];
		gint64 scratch = check_group_scratch(check, i);
		bool miscounted = arena->lives && arena->counted != VIOLATION_NONE &&
				  arena->counted != arena->mapped;
		bool leaked = !arena->lives && scratch >= 0 && !check_freed(check, scratch);

		if (!miscounted && !leaked)
			continue;
		Violation found = check_violation(check, "I9",
						  leaked ? "scratch-leaked" : "miscounted", NULL);
		if (miscounted) {
			found.count = arena->counted;
			found.expected = arena->mapped;
		}
		check_found_at_end(check, &found);
	}
}

static void judge_given_up(Check *check, const End *end)
{
	for (int i = 0; i < end->n_pages; i++) {
		const EndPage *page = &end->pages[i];

		if (!page->exists || !page->given_up || !check_is_page(check, i, page->pte))
			continue;
		bool left = check->left_behind[i] && pte_maps(page->pte, check->left_behind[i]);
		Violation found = check_violation(check, "I9", left ? "left-behind" : "freed-maps-page",
						  NULL);
		found.page = i;
		found.documented = left;
		check_found_at_end(check, &found);
	}
}

/* By the kernel, or by a process: whether that should have it is I12's matter. */
static bool is_mapped(const Check *check, const End *end, guint64 pfn)
{
	for (int i = check->n_pages; i < header_ptes(&check->header); i++)
		if (pte_maps(check->ptes[i], pfn))
			return true;
	for (int i = 0; i < end->n_pages; i++)
		if (end->pages[i].exists && check_is_page(check, i, end->pages[i].pte) &&
		    pte_pfn(end->pages[i].pte) == pfn)
			return true;
	return false;
}

static bool has_frame(const GArray *frames, guint64 pfn)
{
	for (guint i = 0; i < frames->len; i++)
		if (g_array_index(frames, guint64, i) == pfn)
			return true;
	return false;
}

/*
 * Handed out more often than freed, and mapped nowhere.  The end of a mapping in user space gives pages
 * back through functions that nobody watches: what the allocator has is not leaked.  Nor is what
 * pipes hold all references to: it goes when they let go.
 */
static void judge_leaks(Check *check, const End *end)
{
	g_autoptr(GArray) frames = check_not_freed(check);
	int leaked = 0;

	for (guint i = 0; i < frames->len; i++) {
		guint64 pfn = g_array_index(frames, guint64, i);

		leaked += !is_mapped(check, end, pfn) && !has_frame(end->given_back, pfn) &&
			  !has_frame(end->pinned, pfn);
	}
	if (!leaked)
		return;
	Violation found = check_violation(check, "I9", "leaked", NULL);
	found.count = leaked;
	check_found_at_end(check, &found);
}

/* One frame is one address's.  While it is not, a free of it is I6's. */
static void judge_mapped_twice(Check *check, const End *end)
{
	for (int i = 1; i < end->n_pages; i++)
		for (int j = 0; j < i; j++) {
			const EndPage *page = &end->pages[i], *other = &end->pages[j];

			if (!page->exists || !other->exists || !check_is_page(check, i, page->pte) ||
			    !pte_present(other->pte) || pte_pfn(other->pte) != pte_pfn(page->pte))
				continue;
			Violation found = check_violation(check, "I9", "mapped-twice", NULL);
			found.page = i;
			check_found_at_end(check, &found);
		}
}

static void at_end(Check *check, const End *end)
{
	judge_mapped_twice(check, end);
	if (!end_is_quiet(end))
		return;
	judge_arenas(check, end);
	judge_given_up(check, end);
	judge_leaks(check, end);
}

static const Invariant i9 = {
	.id = "I9",
	.statement = "pages counted, mapped, handed out and freed are the same ones",
	.source = "struct bpf_arena, \"number of pages currently populated in the arena\"",
	.reasons = (const InvariantReason[]){
		{ "double-free", "a page is freed that is free already", REASON_EVENT },
		{ "mapped-twice",
		  "page {page} maps a page that another address has, too", REASON_STATE },
		{ "miscounted", "the arena counts {count} pages and maps {expected}", REASON_STATE },
		{ "scratch-leaked",
		  "the arena is gone and its scratch page was never freed", REASON_END },
		{ "freed-maps-page", "page {page} was freed and still maps a page", REASON_END },
		{ "left-behind", "page {page} was freed and is left behind, since a call failed",
		  REASON_END },
		{ "leaked",
		  "no PTE maps {count} of the pages handed out, and nobody freed them", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_FREE),
	.reads = READS_ALLOCATOR,
	.event = on_event,
	.at_end = at_end,
	.exceptions = (const InvariantException[]){
		{ "left-behind", "documented: a page that a free has left as it was, since a call failed",
		  "arena_free_pages(): \"pages are intentionally left inaccessible (leaked) until the "
		  "arena is destroyed\"", false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i9);
