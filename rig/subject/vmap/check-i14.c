// SPDX-License-Identifier: GPL-2.0-only
/*
 * I14: an address that was unmapped is flushed before it is handed out again, and when
 * a purge has returned nobody reaches what had been unmapped before it.
 *
 * Until then it may be used by whoever should not: documented.
 * Broken by: vmap-purge-no-flush in vmap-reuse-vs-read.
 */
#include "catalog/verb.h"
#include "check/check.h"

static void report(Check *check, const Event *event, const char *reason, int page, int holder,
		   gint64 pfn)
{
	Violation found = check_violation(check, "I14", reason, event);

	check_blame(check, &found, holder);
	found.kind = VIOLATION_POSSIBLE;
	found.page = page;
	found.pfn = pfn;
	check_found(check, &found);
}

/*
 * Who may hold a translation of @page, whose PTE was empty before the event: one is enough.  That
 * the allocator may have given the very frame out again is luck.
 */
static void look(Check *check, const Event *event, const char *reason, int page)
{
	for (int actor = 0; actor < check->n_actors; actor++) {
		gint64 stale = tlb_stale(&check->tlb, actor, page, -1);

		if (stale < 0)
			continue;
		report(check, event, reason, page, actor, stale);
		return;
	}
}

static void on_access(Check *check, const Event *event)
{
	if (event->faulted || !event_uses_kernel_view(event) ||
	    !check->header.lazy[event->page] || pte_present(event->before[event->page]))
		return;
	Violation found = check_violation(check, "I14", "used-unmapped", event);
	check_blame(check, &found, event->actor);
	found.documented = true;
	found.kind = event->stale ? VIOLATION_CARRIED_OUT : VIOLATION_SEEN;
	found.page = event->page;
	found.pfn = event->landed ? (gint64)event->landed : -1;
	check_found(check, &found);
}

static void on_event(Check *check, const Event *event)
{
	bool purged = event->kind == EVENT_RETURN && event->result == VERB_PURGED;

	if (event->kind == EVENT_ACCESS)
		on_access(check, event);
	for (int i = 0; i < check->n_pages; i++) {
		guint64 before = event->before[i], after = event->after[i];

		if (!check->header.lazy[i])
			continue;
		if (!pte_present(before) && pte_present(after))
			look(check, event, "reused-unflushed", i);
		/* Its unmapping had returned before the purge began. */
		if (purged && !pte_present(after) && check->left[i].returned >= 0 &&
		    check->left[i].returned < check->begun[event->actor])
			look(check, event, "purged-unflushed", i);
	}
}

static const Invariant i14 = {
	.id = "I14",
	.statement = "an unmapped address is flushed before it is handed out again, and by a purge",
	.source = "vm_unmap_aliases(), \"After it returns, we can be sure that none of the pages "
		  "we have control over will have any aliases from the vmap layer\"",
	.reasons = (const InvariantReason[]){
		{ "reused-unflushed",
		  "the address of page {page} is handed out again, and vCPU {vcpu} may still reach "
		  "by it what was there before", REASON_EVENT },
		{ "purged-unflushed",
		  "the purge has returned, and vCPU {vcpu} may still reach by the address of page "
		  "{page} what was unmapped before the purge began", REASON_EVENT },
		{ "used-unmapped",
		  "page {page} is unmapped and not purged yet, and vCPU {vcpu} used its address",
		  REASON_EVENT },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_PTE) | EVENT_BIT(EVENT_ACCESS) | EVENT_BIT(EVENT_RETURN),
	/*
	 * And TLBs: of an access I7 reads them; a PTE's change is never independent of a flush,
	 * which reads all PTEs; the return of a purge reads them all (schedule/dependence.c).
	 */
	.reads = READS_PTE,
	.event = on_event,
};
INVARIANT(i14);
