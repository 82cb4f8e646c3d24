// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/follow.h"

#include <string.h>

/* Actor 0 and 1, what each of them does here, and the order that comes of it. */
static const struct {
	const char *name, *recorded, *first, *second, *order, *notes;
} cases[] = {
	{ "the same", "0 lock f+0x1;1 load g+0x4 page0;0 store f+0x8 page0",
	  "lock f+0x11;store f+0x20 page0", "load g+0x4 page0", "0 1 0", "" },
	{ "another name of gcc's", "0 lock f.isra.0+0x1;1 load g+0x4 page0",
	  "lock f+0x11", "load g.constprop.0+0x4 page0", "0 1", "" },
	{ "another page is another event", "0 load f+0x1 page0;1 load g+0x1 page0",
	  "load f+0x1 page1;load f+0x1 page0", "load g+0x1 page0", "0 0 1", "extra0" },
	{ "inlined elsewhere", "0 cmpxchg f+0x1 page0;1 load g+0x4 page0",
	  "cmpxchg h+0x1 page0", "load g+0x4 page0", "0 1", "elsewhere0" },
	{ "one event more", "0 lock f+0x1;1 load g+0x4 page0;0 store f+0x8 page0",
	  "lock f+0x1;read f+0x4 page0;store f+0x8 page0", "load g+0x4 page0", "0 1 0 0", "extra2" },
	{ "one event less", "0 lock f+0x1;0 read f+0x4 page0;1 load g+0x4 page0;0 store f+0x8 page0",
	  "lock f+0x1;store f+0x8 page0", "load g+0x4 page0", "0 1 0", "absent1" },
	{ "nothing of it", "0 lock f+0x1;1 load g+0x4 page0", "", "load g+0x4 page0", "1",
	  "early1 left0" },
	{ "to the end", "1 load g+0x4 page0", "lock f+0x1;store f+0x2 page0",
	  "load g+0x4 page0;store g+0x5 page0", "1 1 0 0", "" },
};

static Schedule *schedule_of(const char *recorded)
{
	Schedule *schedule = schedule_new("s", "k", "0123456789abcdef",
					  (char *[]){ (char *)"a", (char *)"b", NULL }, NULL);
	g_auto(GStrv) decisions = g_strsplit(recorded, ";", -1);

	for (char **decision = decisions; *decision; decision++)
		schedule_add(schedule, **decision - '0', *decision + 2);
	return schedule;
}

static char *notes_of(const Follow *follow)
{
	static const char *const names[] = { "elsewhere", "absent", "early", "extra", "left" };
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < follow->notes->len; i++)
		g_string_append_printf(text, "%s%s%d", i ? " " : "", names[follow_note(follow, i)->kind],
				       follow_note(follow, i)->decision);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void check(gsize i)
{
	g_autoptr(Schedule) schedule = schedule_of(cases[i].recorded);
	g_autoptr(Follow) follow = follow_new(schedule);
	g_auto(GStrv) first = g_strsplit(cases[i].first, ";", -1);
	g_auto(GStrv) second = g_strsplit(cases[i].second, ";", -1);
	char **next[] = { *cases[i].first ? first : first + g_strv_length(first), second };
	g_autoptr(GString) order = g_string_new(NULL);

	while (*next[0] || *next[1]) {
		char *pending[MAX_THREADS] = { *next[0], *next[1] };
		ThreadSet enabled = { { 0 } };
		OutcomeEnd end = END_DONE;

		for (int thread = 0; thread < 2; thread++)
			if (pending[thread])
				thread_set_add(&enabled, thread);
		int thread = follow_choose(follow, &enabled, pending, &end);
		g_assert_cmpint(thread, >=, 0);
		g_string_append_printf(order, "%s%d", order->len ? " " : "", thread);
		next[thread]++;
	}
	follow_end(follow);
	g_autofree char *notes = notes_of(follow);
	g_test_message("%s", cases[i].name);
	g_assert_cmpstr(order->str, ==, cases[i].order);
	g_assert_cmpstr(notes, ==, cases[i].notes);
}

static void test_cases(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check(i);
}

/* An actor that goes round for ever is not followed for ever. */
static void test_for_ever(void)
{
	g_autoptr(Schedule) schedule = schedule_of("0 lock f+0x1");
	g_autoptr(Follow) follow = follow_new(schedule);
	char *pending[MAX_THREADS] = { (char *)"read f+0x4 page0" };
	ThreadSet enabled = thread_set_single(0);
	OutcomeEnd end = END_DONE;
	int n = 0;

	while (follow_choose(follow, &enabled, pending, &end) >= 0)
		g_assert_cmpint(n++, <, 10000);
	g_assert_cmpint(end, ==, END_STOPPED);
	follow_begin(follow);
	g_assert_cmpint(follow_choose(follow, &enabled, pending, &end), ==, 0);
	g_assert_cmpint(follow->notes->len, ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/follow/cases", test_cases);
	g_test_add_func("/follow/for-ever", test_for_ever);
	return g_test_run();
}
