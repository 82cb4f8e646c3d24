// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/footprint.h"

static const Footprint *parse(const char *text)
{
	const Footprint *ret;

	g_assert_true(footprint_parse(text, &ret));
	return ret;
}

/* Equal footprints are one, whatever order they were made in. */
static void test_interned(void)
{
	const Touch one[] = { { object_of(OBJECT_TLB, 3), TOUCH_WRITE },
			      { object_of(OBJECT_PTE, 1), TOUCH_READ },
			      { object_of(OBJECT_PTE, 1), TOUCH_WRITE } };
	const Touch other[] = { { object_of(OBJECT_PTE, 1), TOUCH_WRITE },
				{ object_of(OBJECT_TLB, 3), TOUCH_WRITE } };
	const Footprint *footprint = footprint_new(one, G_N_ELEMENTS(one));

	g_assert_true(footprint == footprint_new(other, G_N_ELEMENTS(other)));
	g_assert_cmpstr(footprint_text(footprint), ==, "pte1= tlb3=");
	g_assert_null(footprint_new(NULL, 0));
	g_assert_true(footprint_everything() == footprint_everything());
}

/* More objects than any machine word has bits. */
static void test_any_number(void)
{
	enum { N = 1000 };
	g_autofree Touch *touches = g_new(Touch, N);

	for (int i = 0; i < N; i++)
		touches[i] = (Touch){ object_of(OBJECT_LOCK, N - 1 - i), TOUCH_READ };
	const Footprint *all = footprint_new(touches, N);
	g_assert_cmpuint(all->n, ==, N);
	g_assert_true(footprint_dependent(all, parse("lock999=")));
	g_assert_false(footprint_dependent(all, parse("lock1000=")));
	g_assert_true(parse(footprint_text(all)) == all);
}

static void test_text(void)
{
	static const char *const good[] = {
		"", "pte0", "pte7=", "data*=", "lock0+", "tlb0= tlb7=", "pte* data7= data* tlb*",
		"pte0= pte*", "owner67108862 allocator= emptied= user",
	};
	static const char *const bad[] = {
		"pte", "pte0 ", "pte-1", "pte67108863", "pte0?", "data", "lock0++", "nothing", "pte0==",
		"pte99999999999999999999", "*", "ptee0",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_cmpstr(footprint_text(parse(good[i])), ==, good[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		const Footprint *ret;

		g_assert_false(footprint_parse(bad[i], &ret));
	}
	/* What is said of all need not be said of one. */
	g_assert_cmpstr(footprint_text(parse("pte0 pte1= pte*")), ==, "pte1= pte*");
	g_assert_cmpstr(footprint_text(footprint_everything()), ==,
			"pte*= data*= lock*+ tlb*= irq*= owner*= allocator= emptied= user= word*= refs*= "
			"failures=");
}

static void test_dependence(void)
{
	static const struct {
		const char *a, *b;
		bool dependent, race;
	} cases[] = {
		{ "pte0", "pte0", false, false },
		{ "pte0", "pte0=", true, true },
		{ "pte0=", "pte0=", true, true },
		{ "pte0=", "pte1=", false, false },
		{ "pte*", "pte5=", true, true },
		{ "pte*", "pte5", false, false },
		{ "pte*=", "pte5", true, true },
		{ "pte*", "tlb5=", false, false },
		{ "lock0+", "lock0+", true, true },
		/* never enabled together */
		{ "lock0+", "lock0=", true, false },
		{ "lock0+", "lock1+", false, false },
		/* who gives a lock up does so before it is let go of, or cannot */
		{ "lock0", "lock0=", true, true },
		{ "lock0", "lock0+", true, true },
		{ "pte0 tlb0=", "data1= tlb0", true, true },
		{ "data1=", "data2=", false, false },
		{ "data1=", "data*", true, true },
		{ "", "pte*= data*=", false, false },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Footprint *a = parse(cases[i].a), *b = parse(cases[i].b);

		g_test_message("'%s' and '%s'", cases[i].a, cases[i].b);
		g_assert_true(footprint_dependent(a, b) == cases[i].dependent);
		g_assert_true(footprint_dependent(b, a) == cases[i].dependent);
		g_assert_true(footprint_race(a, b) == cases[i].race);
		g_assert_true(footprint_race(b, a) == cases[i].race);
	}
	/* After a crash nobody goes on, whatever they would have done. */
	g_assert_true(footprint_race(parse("lock3+"), footprint_everything()));
	g_assert_true(footprint_race(parse("irq2"), footprint_everything()));
}

static void test_threads(void)
{
	ThreadSet set = thread_set_single(thread_of(THREAD_EVICT, MAX_ACTORS - 1)), back;

	thread_set_add(&set, thread_of(THREAD_ACTOR, 1));
	thread_set_add(&set, thread_of(THREAD_IRQ, 0));
	g_autofree char *text = thread_set_format(&set);
	g_autofree char *expected = g_strdup_printf("run1 irq0 evict%d", MAX_ACTORS - 1);
	g_assert_cmpstr(text, ==, expected);
	g_assert_true(thread_set_parse(text, &back) && thread_set_equal(&set, &back));
	g_assert_true(thread_set_parse("", &back) && thread_set_empty(&back));
	g_assert_cmpint(thread_set_size(&set), ==, 3);
	g_assert_false(thread_set_parse("run1 walk0", &back));
	for (int thread = 0; thread < MAX_THREADS; thread++) {
		g_autofree char *name = thread_name(thread);

		g_assert_cmpint(thread_parse(name), ==, thread);
		g_assert_cmpint(thread_of(thread_kind(thread), thread_actor(thread)), ==, thread);
		g_assert_false(thread_is_twin(thread, thread));
		thread_twins_foreach(twin, thread)
			g_assert_true(thread_is_twin(twin, thread) && !thread_switches(thread, twin));
	}
	static const char *const bad[] = { "", "run", "run8", "run-1", "run1x", "irqs1" };
	G_STATIC_ASSERT((int)MAX_ACTORS == 8);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(thread_parse(bad[i]), ==, -1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/footprint/interned", test_interned);
	g_test_add_func("/footprint/any-number", test_any_number);
	g_test_add_func("/footprint/text", test_text);
	g_test_add_func("/footprint/dependence", test_dependence);
	g_test_add_func("/thread/names", test_threads);
	return g_test_run();
}
