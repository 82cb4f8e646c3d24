// SPDX-License-Identifier: GPL-2.0-only
/*
 * I11: a kernel fault is reported once, with address and direction.
 *
 * Where an operation has not returned, its fault may not be reported yet, but none is reported
 * too often.
 * Broken by: fault-not-reported in fault-vs-fault.
 */
#include "check/check.h"

static bool is_same(const EndReport *a, const EndReport *b)
{
	return a->program == b->program && a->address == b->address && a->write == b->write;
}

static int count_same(const GArray *all, guint n, const EndReport *wanted)
{
	int count = 0;

	for (guint i = 0; i < n; i++)
		count += is_same(&g_array_index(all, EndReport, i), wanted);
	return count;
}

/* Of EndReport: the faults that programs should hear of; of the declared oops they need not. */
static GArray *expected(const Check *check, const End *end)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(EndReport));
	int oops = check->header.declared.oops_actor;
	bool oopsed = oops >= 0 && check_is_declared_oops(check, end, oops);

	for (guint i = check->faults_taken->len; i-- > 0;) {
		const FaultTaken *fault = &g_array_index(check->faults_taken, FaultTaken, i);
		EndReport report = { fault->program, check->header.uaddr[fault->page], fault->write };

		/* It is that actor's last one. */
		if (oopsed && fault->actor == oops)
			oopsed = false;
		else
			g_array_prepend_val(all, report);
	}
	return all;
}

static void compare(Check *check, const EndReport *report, int count, int wanted, bool quiet)
{
	Violation found = check_violation(check, "I11", "misreported", NULL);

	if (count == wanted || (!quiet && count < wanted))
		return;
	found.address = report->address;
	found.write = report->write;
	found.count = count;
	found.expected = wanted;
	check_found_at_end(check, &found);
}

static void at_end(Check *check, const End *end)
{
	if (end->how != ENDED_DONE || !end->streams)
		return;
	g_autoptr(GArray) taken = expected(check, end);
	const GArray *all[] = { taken, end->reports };

	for (gsize k = 0; k < G_N_ELEMENTS(all); k++)
		for (guint i = 0; i < all[k]->len; i++) {
			const EndReport *report = &g_array_index(all[k], EndReport, i);

			compare(check, report, count_same(end->reports, end->reports->len, report),
				count_same(taken, taken->len, report), end_is_quiet(end));
		}
}

static const Invariant i11 = {
	.id = "I11",
	.statement = "a kernel fault is reported once, with address and direction",
	.source = "Dwivedi, bpf list, 12 May 2026: \"preserve fault reporting into streams "
		  "when such scratch pages are brought in\"",
	.reasons = (const InvariantReason[]){
		{ "misreported",
		  "the {direction} fault at {address} was taken {expected} times by one "
		  "program and reported {count} times to it", REASON_END },
		{ NULL, NULL, REASON_EVENT },
	},
	.at_end = at_end,
	.exceptions = (const InvariantException[]){
		{ "declared-oops", "the fault that ends in the declared oops need not be reported",
		  "bpf_arena_handle_page_fault(), \"leave it to the regular kernel oops path\"", false },
		{ NULL, NULL, NULL, false },
	},
};
INVARIANT(i11);
