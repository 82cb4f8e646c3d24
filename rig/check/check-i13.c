// SPDX-License-Identifier: GPL-2.0-only
/*
 * I13: what a lock is said to guard is only touched under it.
 *
 * Whether the race shows is no matter: without the lock it is one.
 * Broken by: close-unlocked in munmap-vs-free.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	bool read = event->access == ACCESS_READ;

	if (event->kind != EVENT_WORD || event->lock < 0 || (read && event->lockless) ||
	    check_holds(check, event, event->lock))
		return;
	Violation found = check_violation(check, "I13", read ? "read-unlocked" : "written-unlocked", event);
	found.word = check->header.words[event->word];
	found.lock = check->header.locks[event->lock];
	check_found(check, &found);
}

static const Invariant i13 = {
	.id = "I13",
	.statement = "what a lock is said to guard is only touched under it",
	.source = "struct bpf_arena, \"protects rt and nr_pages\", \"protects vma_list\"",
	.reasons = (const InvariantReason[]){
		{ "read-unlocked", "{word} is read without the {lock} lock", REASON_EVENT },
		{ "written-unlocked", "{word} is written without the {lock} lock", REASON_EVENT },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_WORD),
	.event = on_event,
	.exceptions = (const InvariantException[]){
		{ "lockless", "functions that read it without the lock by design, each by its name",
		  "arena_map_mem_usage(), \"READ_ONCE(arena->nr_pages)\"", false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i13);
