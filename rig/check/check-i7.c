// SPDX-License-Identifier: GPL-2.0-only
/*
 * I7: after a successful alloc, no access to that address reaches any page but
 * the one handed out.
 *
 * Seen or carried out when the access used another page (the emulator's TLB led there, or
 * the rig had it go through a translation that the vCPU may hold), possible when the
 * processor may have kept another translation.  The one exception is what the thread accepted in
 * writing, a translation cached from the scratch page: documented, not a violation.
 * Broken by: free-gives-back-early in lost-write.
 */
#include "check/check.h"

/* @frame: what the access used, or may have used. */
static void report(Check *check, const Event *event, gint64 frame, bool used)
{
	static const char *const reasons[][3] = {
		{ "may-reach-old-page", "read-old-page", "wrote-old-page" },
		{ "may-reach-scratch", "read-scratch", "wrote-scratch" },
	};
	bool scratch = frame == check->scratch[event->page];
	int what = !used ? 0 : event->access == ACCESS_READ ? 1 : 2;
	Violation found = check_violation(check, "I7", reasons[scratch][what], event);

	check_blame(check, &found, event->actor);
	found.documented = scratch;
	found.kind = !used ? VIOLATION_POSSIBLE
		     : event->stale ? VIOLATION_CARRIED_OUT : VIOLATION_SEEN;
	found.page = event->page;
	found.pfn = frame;
	found.write = event->access != ACCESS_READ;
	check_found(check, &found);
}

static void on_event(Check *check, const Event *event)
{
	if (event->kind != EVENT_ACCESS || event->faulted || event_slot(event) < 0 ||
	    !check->pages[event->page].owned)
		return;
	gint64 owned = check->pages[event->page].pfn;
	bool used = event->landed && (gint64)event->landed != owned;
	gint64 frame = used ? (gint64)event->landed
			    : tlb_stale(&check->tlb, event->actor, event_slot(event), owned);

	if (frame >= 0)
		report(check, event, frame, used);
}

static const Invariant i7 = {
	.id = "I7",
	.statement = "an access to an allocated address reaches the page handed out",
	.source = "Dwivedi, bpf list, 12 May 2026: \"we may have cached scratch page TLB "
		  "translations for a range we are trying to alloc pages over\"",
	.reasons = (const InvariantReason[]){
		{ "read-old-page",
		  "page {page} is allocated and vCPU {vcpu} read from the page that was "
		  "there before", REASON_EVENT },
		{ "wrote-old-page",
		  "page {page} is allocated and vCPU {vcpu} wrote to the page that was "
		  "there before", REASON_EVENT },
		{ "may-reach-old-page",
		  "page {page} is allocated and vCPU {vcpu} may still reach the page that "
		  "was there before", REASON_EVENT },
		{ "read-scratch",
		  "page {page} is allocated and vCPU {vcpu} read from the scratch page by "
		  "its address", REASON_EVENT },
		{ "wrote-scratch",
		  "page {page} is allocated and vCPU {vcpu} wrote to the scratch page by "
		  "its address", REASON_EVENT },
		{ "may-reach-scratch",
		  "page {page} is allocated and vCPU {vcpu} may still reach the scratch "
		  "page by its address", REASON_EVENT },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_ACCESS),
	.reads = READS_PTE | READS_TLB | READS_OWNER,
	.event = on_event,
	.exceptions = (const InvariantException[]){
		{ "cached-scratch",
		  "documented: an access uses a translation cached from its arena's scratch page",
		  "Dwivedi, bpf list, 12 May 2026: \"we may have cached scratch page TLB translations\"",
		  false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i7);
