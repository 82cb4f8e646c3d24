// SPDX-License-Identifier: GPL-2.0-only
/*
 * I8: the scratch page reads as zeroes.
 *
 * What is in it at the end drgn reads: zeroes, or byte for byte what the kernel was seen to store
 * there.  User space never gets at it, by whatever it has mapped at the address
 * (arena_vm_fault(), "BPF triggered scratch here").
 * Broken by: user-maps-scratch in user-fault-on-scratch.
 */
#include "check/check.h"

static void on_event(Check *check, const Event *event)
{
	if (event->kind != EVENT_ACCESS || event->faulted || event_uses_kernel_view(event) ||
	    !event->landed || check_scratch_group(check, event->landed) < 0)
		return;
	Violation found = check_violation(check, "I8", "user-maps-scratch", event);
	check_blame(check, &found, event->actor);
	found.page = event->page;
	found.pfn = event->landed;
	check_found(check, &found);
}

/* Every byte that is not zero is one that was stored there last. */
static bool is_stored(const Check *check, const EndWord *word)
{
	const guint8 *stored = check->stored[word->group];
	guint64 bytes = GUINT64_TO_LE(word->word);

	for (int i = 0; i < END_WORD_BYTES; i++) {
		guint8 byte = ((const guint8 *)&bytes)[i];

		if (byte && (!stored || stored[word->offset + i] != byte))
			return false;
	}
	return true;
}

static void at_end(Check *check, const End *end)
{
	bool written = false, wrong = false;

	for (guint i = 0; i < end->words->len; i++) {
		const EndWord *word = &g_array_index(end->words, EndWord, i);

		if (!end->groups[word->group].lives)
			continue;
		written = true;
		wrong |= !is_stored(check, word);
	}
	if (!written)
		return;
	/* With nobody to look where accesses went, what is there may be theirs. */
	wrong &= !check->scratch_written;
	Violation found = check_violation(check, "I8", wrong ? "not-zero" : "kernel-wrote", NULL);
	found.documented = !wrong;
	check_found_at_end(check, &found);
}

static const Invariant i8 = {
	.id = "I8",
	.statement = "the scratch page reads as zeroes, and user space never sees it",
	.source = "Dwivedi, bpf list, 12 May 2026: \"It likely should also be zeroed out\"",
	.reasons = (const InvariantReason[]){
		{ "user-maps-scratch",
		  "user space has the scratch page mapped in the place of page {page}", REASON_EVENT },
		{ "kernel-wrote",
		  "the scratch page holds what the kernel wrote through a bad pointer", REASON_END },
		{ "not-zero",
		  "the scratch page is not zero and holds what no access stored there", REASON_STATE },
		{ NULL, NULL, REASON_EVENT },
	},
	.judges = EVENT_BIT(EVENT_ACCESS),
	.reads = READS_DATA,
	.event = on_event,
	.at_end = at_end,
	.exceptions = (const InvariantException[]){
		{ "kernel-wrote",
		  "documented: the scratch page holds, byte for byte, what the kernel stored through a "
		  "bad pointer",
		  "Dwivedi, bpf list, 12 May 2026: its mappings are writable", false },
		{ "unseen-store",
		  "documented: a store may have gone to scratch, and nobody looked where it went",
		  "racerig replay --no-probe, and instructions that rig/step/probe.h cannot look at", false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i8);
