// SPDX-License-Identifier: GPL-2.0-only
/* A record judged without a guest, and against what it says of itself. */
#include "check/check-record.h"

#include "arch/sample.h"

enum { SCRATCH = 0x10, FRAME = 0x20 };

static const guint64 KERNEL = SAMPLE_KERNEL;

#define PTE(frame) SAMPLE_PTE(frame)

#define NOTHING { .oops_actor = -1, .oops_page = -1, .succeeds = -1 }

static const TraceHeader header = {
	.n_actors = 2, .n_pages = 1, .actors = { { "alloc", 0 }, { "fault", 1 } },
	.scratch = { SCRATCH }, .n_locks = 1, .locks = { "arena" }, .declared = NOTHING,
};

/* Both have returned; of a page that was overwritten nothing is left. */
static End *make_end(guint64 pfn)
{
	End *end = end_new(ENDED_DONE);

	end->n_actors = 2;
	end->n_groups = end->n_pages = 1;
	end->groups[0] = (EndGroup){ .lives = true, .refcount = 1, .mapped = pfn != SCRATCH,
				     .counted = pfn != SCRATCH };
	end->pages[0] = (EndPage){ .exists = true, .pte = PTE(pfn), .free = pfn == SCRATCH };
	return end;
}

/* An allocation that a fault overwrites where @bad; @recorded is what the record says of it. */
static Recheck *judge(bool bad, const Violation *recorded, guint n)
{
	const Event events[] = {
		{ .kind = EVENT_LOCK, .page = -1, .pc = KERNEL },
		{ .kind = EVENT_PTE, .access = ACCESS_CMPXCHG, .pc = KERNEL, .after = { PTE(FRAME) } },
		{ .kind = EVENT_PTE, .actor = 1, .access = ACCESS_WRITE, .pc = KERNEL,
		  .before = { PTE(FRAME) }, .after = { PTE(bad ? SCRATCH : FRAME) } },
	};
	g_autoptr(Record) record = record_new(&header);
	g_autofree Tlb *tlb = g_new0(Tlb, 1);

	record_begin(record, record->header.ptes);
	tlb_begin(tlb, 2, 1, record->header.ptes, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
		tlb_event(tlb, &events[i]);
		record_add(record, &events[i], NULL, NULL, NULL, tlb);
	}
	record_end(record, make_end(bad ? SCRATCH : FRAME));
	for (guint i = 0; i < n; i++)
		record_found(record, &recorded[i]);
	g_autofree char *text = record_json(record);
	g_autoptr(GError) error = NULL;
	g_autoptr(Record) back = record_parse(text, "t", &error);
	g_assert_no_error(error);
	return check_record(back);
}

static Violation overwritten(void)
{
	Violation violation = violation_new("I1", "pte-overwritten", 2);

	violation.page = 0;
	return violation;
}

static void test_same(void)
{
	Violation recorded[] = { overwritten(), violation_new("I4", "unlocked-store", 2),
				 violation_new("I9", "leaked", -1) };

	recorded[1].page = 0;
	recorded[1].actor = "fault";
	recorded[1].vcpu = 1;
	recorded[2].count = 1;
	g_autoptr(Recheck) recheck = judge(true, recorded, G_N_ELEMENTS(recorded));

	g_assert_cmpuint(recheck->found->len, ==, 3);
	g_assert_null(recheck->unexplained);
	g_assert_false(recheck->partial);
	g_assert_cmpuint(recheck->missing->len, ==, 0);
	g_assert_cmpuint(recheck->unrecorded, ==, 0);
	g_assert_true(recheck_violates(recheck));
}

static void test_hidden(void)
{
	g_autoptr(Recheck) recheck = judge(true, NULL, 0);

	g_assert_cmpuint(recheck->unrecorded, ==, 3);
	g_assert_true(recheck_violates(recheck));
}

static void test_invented(void)
{
	Violation recorded = overwritten();
	g_autoptr(Recheck) recheck = judge(false, &recorded, 1);

	g_assert_cmpuint(recheck->found->len, ==, 0);
	g_assert_cmpuint(recheck->missing->len, ==, 1);
	g_assert_true(recheck_violates(recheck));
}

static void test_clean(void)
{
	g_autoptr(Recheck) recheck = judge(false, NULL, 0);

	g_assert_false(recheck_violates(recheck) || recheck->unrecorded);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/check-record/same", test_same);
	g_test_add_func("/check-record/hidden", test_hidden);
	g_test_add_func("/check-record/invented", test_invented);
	g_test_add_func("/check-record/clean", test_clean);
	return g_test_run();
}
