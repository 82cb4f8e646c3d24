// SPDX-License-Identifier: GPL-2.0-only
/*
 * I5: a kernel fault in the recoverable range always makes progress.
 *
 * A fault on a page may repeat only when somebody emptied its PTE in between.  User space has
 * page tables of its own, and so faults of its own.
 * Broken by: alloc-keeps-lock in alloc-vs-alloc.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	/* One on a page that is only unmapped is the caller's, who catches it. */
	if (event->kind != EVENT_ACCESS || !event->faulted || !event_uses_kernel_view(event) ||
	    check->header.lazy[event->page])
		return;
	int *last = &check->fault_emptied[event->actor][event->page];
	int faults = ++check->faults[event->actor][event->page];
	bool explained = faults == 1 || *last < check->emptied[event->page];

	*last = check->emptied[event->page];
	if (explained)
		return;
	Violation found = check_violation(check, "I5", "unexplained-fault", event);
	found.page = event->page;
	found.count = faults;
	check_found(check, &found);
}

static Violation ended(const Check *check, const char *reason)
{
	return violation_new("I5", reason, check->n_events - 1);
}

static void judge_livelock(Check *check, const End *end)
{
	if (end->how != ENDED_CYCLE || end->alone < 0)
		return;
	Violation found = ended(check, "livelock");
	check_blame(check, &found, end->alone);
	check_found(check, &found);
}

static void at_end(Check *check, const End *end)
{
	Violation deadlock = ended(check, "deadlock");
	bool crashed = false;

	judge_livelock(check, end);
	for (int i = 0; i < end->n_actors; i++) {
		const EndActor *actor = &end->actors[i];

		if (actor->state == END_WAITS)
			deadlock.waits[deadlock.n_waits++] = actor->wait;
		if (actor->state != END_CRASHED)
			continue;
		crashed = true;
		/* After a double free nobody crashed: the rig went no further. */
		if (check->freed_twice || check_is_declared_oops(check, end, i))
			continue;
		Violation found = ended(check, "crash");
		check_blame(check, &found, i);
		check_found(check, &found);
	}
	/* Who waits when somebody has crashed may have had to wait no longer. */
	if (deadlock.n_waits && !crashed)
		check_found(check, &deadlock);
}

static const Invariant i5 = {
	.id = "I5",
	.statement = "a recoverable kernel fault makes progress: no oops, no endless retry",
	.source = "Dwivedi, bpf list, 12 May 2026: \"either the kernel continues or it ends "
		  "up faulting again, at which point we can handle the fault again\"",
	.reasons = (const InvariantReason[]){
		{ "unexplained-fault",
		  "fault {count} on page {page}, and nobody emptied its PTE since the one "
		  "before", REASON_EVENT },
		{ "crash", "the kernel crashed under {actor}", REASON_END },
		{ "deadlock", "deadlock: {waits}", REASON_END },
		{ "livelock", "livelock: {actor} repeats a cycle and nobody else moves", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_ACCESS),
	.reads = READS_EMPTIED,
	.event = on_event,
	.at_end = at_end,
	.exceptions = (const InvariantException[]){
		{ "declared-oops",
		  "the actor that the scenario names ends in an oops, by a page fault on the page it names",
		  "oops = ACTOR page-fault page N in the scenario", false },
		{ "after-double-free",
		  "a schedule that ends at a double free has not crashed: I3 or I9 says what happened",
		  "the rig goes no further, since the allocator's lists lead anywhere", false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i5);
