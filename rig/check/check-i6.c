// SPDX-License-Identifier: GPL-2.0-only
/*
 * I6: a page goes back to the page allocator only when no PTE maps it and no
 * vCPU may hold a translation to it.
 * Source: arena_free_pages(), "ensure no stale TLB entries".
 */
#include "check/check.h"

void check_i6(Check *check, const Event *event)
{
	if (event->kind != EVENT_FREE)
		return;
	for (int i = 0; i < check->n_pages; i++)
		if (pte_present(event->before[i]) && pte_pfn(event->before[i]) == event->pfn)
			check_violation(check, "I6", check->n_events,
					"a page is freed that the PTE of page %d still maps", i);
	for (int actor = 0; actor < check->n_actors; actor++) {
		if (!tlb_reaches(&check->tlb, actor, event->pfn))
			continue;
		check_violation(check, "I6", check->n_events,
				"a page is freed that vCPU %d may still reach through its TLB", actor);
		check_last_is_possible(check);
		return;
	}
}
