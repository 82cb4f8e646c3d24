// SPDX-License-Identifier: GPL-2.0-only
/*
 * I5: a kernel fault in the recoverable range always makes progress.
 *
 * A fault may repeat only when somebody emptied a watched PTE in between, so
 * an actor takes at most one fault a page plus one for every emptying.  In user space one
 * more after each of its operations: what that did to page tables of its own is no event.
 * Broken by: alloc-keeps-lock in alloc-vs-alloc.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	/* One on a page that is only unmapped is the caller's, who catches it. */
	if (event->kind != EVENT_ACCESS || !event->faulted || check->header.lazy[event->page])
		return;
	bool kernel = event_is_kernel(event);
	int faults = ++(kernel ? check->faults : check->user_faults)[event->actor];
	int bound = check->n_pages + check->emptied + (kernel ? 0 : check->returns[event->actor]);

	if (faults != bound + 1)
		return;
	Violation found = check_violation(check, "I5", "unexplained-fault", event);
	found.page = event->page;
	found.count = faults;
	found.expected = bound;
	check_found(check, &found);
}

static const Invariant i5 = {
	.id = "I5",
	.statement = "a recoverable kernel fault makes progress: no oops, no endless retry",
	.source = "Dwivedi, bpf list, 12 May 2026: \"either the kernel continues or it ends "
		  "up faulting again, at which point we can handle the fault again\"",
	.reasons = (const InvariantReason[]){
		{ "unexplained-fault",
		  "fault {count} on page {page} although at most {expected} can be "
		  "explained", REASON_EVENT },
		{ "crash", "the kernel crashed under {actor}", REASON_END },
		{ "deadlock", "deadlock: {waits}", REASON_END },
		{ "livelock", "livelock: {actor} repeats a cycle and nobody else moves", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_ACCESS),
	.reads = READS_EMPTIED,
	.event = on_event,
};
INVARIANT(i5);
