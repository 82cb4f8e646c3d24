// SPDX-License-Identifier: GPL-2.0-only
/*
 * I7: after a successful alloc, no access to that address reaches any page but
 * the one handed out.
 *
 * Manifest when the access was seen to use another page, possible when the processor
 * may have kept another translation.  The one exception is what the thread accepted in
 * writing, a translation cached from the scratch page: documented, not a violation.
 * Broken by: free-gives-back-early in lost-write.
 */
#include "check/check.h"

/* @frame: what the access used, or may have used. */
static void report(Check *check, const Event *event, gint64 frame, bool manifest)
{
	const char *verb = !manifest ? "may still reach"
			   : event->access == ACCESS_READ ? "read from" : "wrote to";

	if (frame == check->scratch[event->page]) {
		check_document(check, "I7", check->n_events,
			       "page %d is allocated and vCPU %d %s the scratch page by its "
			       "address", event->page, event->actor, verb);
		return;
	}
	check_violation(check, "I7", check->n_events, "page %d is allocated and vCPU %d %s the page "
			"that was there before", event->page, event->actor, verb);
	if (!manifest)
		check_last_is_possible(check);
}

static void on_event(Check *check, const Event *event)
{
	/* User space has page tables and translations of its own. */
	if (event->kind != EVENT_ACCESS || event->faulted || !event_is_kernel(event) ||
	    !check->pages[event->page].owned)
		return;
	gint64 owned = check->pages[event->page].pfn;
	bool seen = event->landed && (gint64)event->landed != owned;
	gint64 frame = seen ? (gint64)event->landed
			    : tlb_stale(&check->tlb, event->actor, event->page, owned);

	if (frame >= 0)
		report(check, event, frame, seen);
}

static const Invariant i7 = {
	.id = "I7",
	.statement = "an access to an allocated address reaches the page handed out",
	.source = "Dwivedi, bpf list, 12 May 2026: \"we may have cached scratch page TLB "
		  "translations for a range we are trying to alloc pages over\"",
	.reads = READS_DATA | READS_TLB | READS_OWNERSHIP | READS_RETURNS,
	.event = on_event,
};
INVARIANT(i7);
