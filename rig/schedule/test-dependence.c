// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/dependence.h"

#include "arch/sample.h"

enum { SCRATCH = 0x99 };

static const guint64 KERNEL = 0xffff800000000000, USER = 0x400000;

static guint64 pte(guint64 pfn)
{
	return SAMPLE_PTE(pfn) | SAMPLE_WRITABLE;
}

static Event pte_event(int actor, int page, guint64 before, guint64 after)
{
	Event event = { .kind = EVENT_PTE, .actor = actor, .page = page, .access = ACCESS_CMPXCHG };

	event.before[page] = before;
	event.after[page] = after;
	return event;
}

/* What the step of @n events touches, as text; they go on from @dependence. */
static const char *step(Dependence *dependence, const Event *events, guint n)
{
	g_autoptr(GArray) array = g_array_new(FALSE, FALSE, sizeof(Event));

	g_array_append_vals(array, events, n);
	return footprint_text(footprint_of_step(dependence, array));
}

/* Nobody knows where an access goes. */
static const Footprint *pending(const Event *event)
{
	return footprint_of_pending(event, NULL, NULL);
}

static Dependence begin(int n_pages)
{
	Dependence dependence = { .n_pages = n_pages };

	for (int i = 0; i < n_pages; i++)
		dependence.scratch[i] = SCRATCH;
	return dependence;
}

static void test_pending(void)
{
	static const struct {
		Event event;
		const char *touches;
	} cases[] = {
		{ { .kind = EVENT_PTE, .page = 1, .access = ACCESS_READ }, "pte1" },
		{ { .kind = EVENT_PTE, .page = 1, .access = ACCESS_XCHG }, "pte1= owner1 refs1=" },
		{ { .kind = EVENT_PTE, .access = ACCESS_RMW, .half = HALF_LOAD }, "pte0" },
		{ { .kind = EVENT_PTE, .access = ACCESS_RMW, .half = HALF_STORE }, "pte0= owner0 refs0=" },
		{ { .kind = EVENT_ACCESS, .actor = 2, .page = 1, .access = ACCESS_READ, .pc = KERNEL },
		  "pte1 data* tlb2= owner1" },
		{ { .kind = EVENT_ACCESS, .actor = 2, .access = ACCESS_WRITE, .pc = USER, .view = 1,
		    .slot = -1 }, "pte0 data*= tlb2= user=" },
		{ { .kind = EVENT_ACCESS, .actor = 2, .access = ACCESS_READ, .pc = USER, .view = 1,
		    .slot = 3 }, "pte0 pte3 data* tlb2= owner0" },
		{ { .kind = EVENT_ACCESS, .actor = 2, .access = ACCESS_WRITE, .pc = USER, .view = 1,
		    .slot = 3 }, "pte0 pte3= data*= tlb2= owner0" },
		{ { .kind = EVENT_MASK, .actor = 3, .page = -1 }, "irq3=" },
		{ { .kind = EVENT_LOCK, .page = -1, .guards = true }, "lock0+ allocator=" },
		{ { .kind = EVENT_LOCK, .page = -1, .lock = 3 }, "lock3+" },
		{ { .kind = EVENT_UNLOCK, .page = -1, .lock = 3 }, "lock3=" },
		{ { .kind = EVENT_WORD, .page = -1, .word = 2, .lock = 1, .access = ACCESS_READ },
		  "lock1+ word2" },
		{ { .kind = EVENT_WORD, .page = -1, .word = 2, .lock = 1, .access = ACCESS_RMW },
		  "lock1+ word2=" },
		{ { .kind = EVENT_WORD, .page = -1, .word = 2, .lock = -1, .access = ACCESS_READ }, "word2" },
		{ { .kind = EVENT_WORD, .page = -1, .word = 2, .lock = -1, .access = ACCESS_RMW }, "word2=" },
		{ { .kind = EVENT_PTE, .page = 1, .view = 1, .slot = 5, .access = ACCESS_READ }, "pte5" },
		{ { .kind = EVENT_PTE, .page = 1, .view = 1, .slot = 5, .access = ACCESS_XCHG },
		  "pte1 pte5= owner1 refs1=" },
		{ { .kind = EVENT_FLUSH, .actor = 1, .page = 2, .view = 1, .slot = 6 },
		  "pte6 tlb1= user" },
		{ { .kind = EVENT_FREE, .page = 1 }, "pte* data*= tlb* allocator=" },
		{ { .kind = EVENT_IRQ, .actor = 1, .page = -1 }, "tlb1= irq1=" },
		{ { .kind = EVENT_EVICT, .actor = 1 }, "pte* tlb1=" },
		{ { .kind = EVENT_CALL, .page = -1, .failing = 1 }, "allocator=" },
		{ { .kind = EVENT_FAIL, .page = -1, .failing = 1 }, "failures=" },
		{ { .kind = EVENT_FAIL, .page = -1, .leaves = true }, "pte* failures=" },
		{ { .kind = EVENT_FAIL, .page = -1, .lock = 1, .gives_up = true }, "lock1 failures=" },
		{ { .kind = EVENT_HOLD, .page = -1, .lock = 1 }, "" },
		{ { .kind = EVENT_FLUSH, .actor = 1, .page = -1 }, "pte* tlb1= user" },
		{ { .kind = EVENT_FLUSH, .actor = 1, .page = 2 }, "pte2 tlb1= user" },
		{ { .kind = EVENT_SEND, .to = 4, .page = -1 }, "irq4= user" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(footprint_text(pending(&cases[i].event)), ==,
				cases[i].touches);
}

/* What a step turned out to do: nothing to a PTE or word, or emptying it, or to fault. */
static void test_done(void)
{
	Dependence dependence = begin(2);
	Event failed = pte_event(0, 0, pte(5), pte(5)), emptied = pte_event(0, 1, pte(5), 0);
	Event faulted = { .kind = EVENT_ACCESS, .access = ACCESS_READ, .faulted = true, .pc = KERNEL };

	g_assert_cmpstr(step(&dependence, &failed, 1), ==, "pte0");
	g_assert_cmpstr(step(&dependence, &emptied, 1), ==, "pte1= owner1 emptied= refs1=");
	g_assert_cmpstr(step(&dependence, &faulted, 1), ==, "pte0 tlb0= owner0 emptied");
	g_assert_cmpstr(step(&dependence, NULL, 0), ==, "");
	Event counted = { .kind = EVENT_WORD, .page = -1, .word = 2, .lock = -1, .access = ACCESS_CMPXCHG };
	Event kept = counted, beside = counted;
	kept.kept = beside.beside = true;
	g_assert_cmpstr(step(&dependence, &counted, 1), ==, "word2=");
	g_assert_cmpstr(step(&dependence, &kept, 1), ==, "word2");
	g_assert_cmpstr(step(&dependence, &beside, 1), ==, "");
}

/* An access is about the frame it went to; where it may go, about those that PTE and TLB lead to. */
static void test_data(void)
{
	Dependence dependence = begin(2);
	guint64 ptes[MAX_PTES] = { pte(5), pte(6), [3] = pte(7) };
	Event load = { .kind = EVENT_ACCESS, .access = ACCESS_READ, .pc = KERNEL, .landed = 5 };
	Event store = { .kind = EVENT_ACCESS, .actor = 1, .page = 1, .access = ACCESS_WRITE, .pc = KERNEL };
	Event user = { .kind = EVENT_ACCESS, .access = ACCESS_WRITE, .pc = USER, .view = 1, .slot = -1,
		       .landed = G_GUINT64_CONSTANT(1) << 40 };
	Event frees = pte_event(1, 1, pte(6), 0);
	Tlb tlb;

	tlb_begin(&tlb, 2, 4, ptes, NULL);
	g_assert_cmpstr(step(&dependence, &load, 1), ==, "pte0 data5 tlb0= owner0");
	g_assert_cmpstr(footprint_text(footprint_of_pending(&store, ptes, &tlb)), ==,
			"pte1 data6= tlb1= owner1");
	/* A program's page that nobody watches, and a frame that no object has the number of. */
	g_assert_cmpstr(footprint_text(footprint_of_pending(&user, ptes, &tlb)), ==,
			"pte0 data*= tlb0= user=");
	g_assert_cmpstr(step(&dependence, &user, 1), ==, "pte0 data*= tlb0= user=");
	user.slot = 3;
	g_assert_cmpstr(footprint_text(footprint_of_pending(&user, ptes, &tlb)), ==,
			"pte0 pte3= data7= tlb0= owner0");
	/* Stale: it may go to the old frame, or fault. */
	tlb_event(&tlb, &frees);
	ptes[1] = pte(8);
	g_assert_cmpstr(footprint_text(footprint_of_pending(&store, ptes, &tlb)), ==,
			"pte1 data6= data8= tlb1= owner1");
	tlb_event(&tlb, &(Event){ .kind = EVENT_FLUSH, .actor = 1, .page = -1, .flush = FLUSH_ALL });
	ptes[1] = 0;
	g_assert_cmpstr(footprint_text(footprint_of_pending(&store, ptes, &tlb)), ==, "pte1 tlb1= owner1");
}

/* A return is about the pages that its actor has installed, once. */
static void test_return(void)
{
	const Event returns[] = { { .kind = EVENT_RETURN, .actor = 0, .page = -1 },
				  { .kind = EVENT_RETURN, .actor = 1, .page = -1 } };
	Dependence dependence = begin(3);
	Event installs = pte_event(0, 1, 0, pte(5)), scratches = pte_event(1, 2, 0, pte(SCRATCH));
	const Event both[] = { pte_event(1, 0, 0, pte(6)), { .kind = EVENT_UNLOCK, .page = -1 },
			       { .kind = EVENT_RETURN, .actor = 1, .page = -1 } };

	step(&dependence, &installs, 1);
	step(&dependence, &scratches, 1);
	g_assert_cmpstr(step(&dependence, &returns[1], 1), ==, "");
	g_assert_cmpstr(step(&dependence, &returns[0], 1), ==, "pte1 owner1=");
	g_assert_cmpstr(step(&dependence, &returns[0], 1), ==, "");
	/* All in the one step that it was merged into. */
	g_assert_cmpstr(step(&dependence, both, 3), ==, "pte0= lock0= owner0= refs0=");
}

/* What must not be taken for independent, and what need not be ordered. */
static void test_orders(void)
{
	Dependence dependence = begin(2);
	Event install = pte_event(0, 0, 0, pte(5)), other = pte_event(2, 1, 0, pte(7));
	Event free = { .kind = EVENT_FREE, .actor = 0, .page = 0 };
	Event lock = { .kind = EVENT_LOCK, .actor = 1, .page = -1, .guards = true };
	Event flush = { .kind = EVENT_FLUSH, .actor = 1, .page = -1 };
	Event load = { .kind = EVENT_ACCESS, .actor = 1, .access = ACCESS_READ, .pc = KERNEL };
	Event mask = { .kind = EVENT_MASK, .actor = 1, .page = -1 };
	const Footprint *returns, *frees = pending(&free);

	step(&dependence, &install, 1);
	g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(Event));
	Event back = { .kind = EVENT_RETURN, .actor = 0, .page = -1 };
	g_array_append_val(events, back);
	returns = footprint_of_step(&dependence, events);
	g_assert_true(footprint_race(returns, pending(&load)));
	g_assert_true(footprint_race(returns, pending(&install)));
	g_assert_false(footprint_race(returns, pending(&other)));
	g_assert_false(footprint_race(returns, frees));
	g_assert_true(footprint_race(frees, pending(&flush)));
	g_assert_true(footprint_race(frees, pending(&other)));
	g_assert_true(footprint_race(frees, pending(&lock)));
	g_assert_true(footprint_race(frees, frees));
	g_assert_false(footprint_race(frees, pending(&mask)));
	g_assert_true(footprint_race(pending(&flush), pending(&install)));
	g_assert_false(footprint_race(pending(&flush), pending(&mask)));
}

/* The arena's end is nobody's order but everybody's. */
static void test_destroy(void)
{
	Dependence dependence = begin(1);
	Event destroy = { .kind = EVENT_DESTROY, .page = -1 };

	g_assert_cmpstr(step(&dependence, &destroy, 1), ==,
			"pte*= data*= tlb*= owner*= allocator= emptied=");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dependence/pending", test_pending);
	g_test_add_func("/dependence/done", test_done);
	g_test_add_func("/dependence/data", test_data);
	g_test_add_func("/dependence/return", test_return);
	g_test_add_func("/dependence/orders", test_orders);
	g_test_add_func("/dependence/destroy", test_destroy);
	return g_test_run();
}
