// SPDX-License-Identifier: GPL-2.0-only
/*
 * I7: after a successful alloc, no access to that address reaches any page but
 * the one handed out.
 *
 * The one exception is what the thread accepted in writing, a translation cached
 * from the scratch page: documented, not a violation.
 */
#include "check/check.h"

void check_i7(Check *check, const Event *event)
{
	if (event->kind != EVENT_ACCESS || event->faulted || !check->pages[event->page].owned)
		return;
	gint64 stale = tlb_stale(&check->tlb, event->actor, event->page,
				 check->pages[event->page].pfn);
	if (stale < 0)
		return;
	if (stale == check->scratch_pfn) {
		check_document(check, "page %d is allocated and vCPU %d may still reach the "
				      "scratch page by its address", event->page, event->actor);
		return;
	}
	check_violation(check, "I7", check->n_events,
			"page %d is allocated and vCPU %d may still reach the page that was there "
			"before", event->page, event->actor);
	check_last_is_possible(check);
}
