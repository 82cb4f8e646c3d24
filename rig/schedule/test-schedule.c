// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/schedule.h"

#include <string.h>

#include "util/error.h"

#define HEAD "racerig-schedule 5\nscenario s\nkernel stock 0123\nactors a b\n"

static void test_round_trip(void)
{
	static const char text[] = HEAD "violates I1\nrun a cmpxchg f+0x1 page0\nrun b return\n"
				   "run a return\nend 3\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(Schedule) schedule = schedule_parse(text, "t.sched", &error);

	g_assert_no_error(error);
	g_assert_cmpstr(schedule->kernel, ==, "stock");
	g_assert_cmpstr(schedule->violates, ==, "I1");
	g_assert_cmpint(schedule_switches(schedule), ==, 2);
	g_autofree char *again = schedule_format(schedule);
	g_assert_cmpstr(again, ==, text);
}

static void test_text(void)
{
	static const char text[] = "racerig-schedule 5\nscenario text-0\nkernel stock 0123\n"
				   "guest 2 1 1\nsetup alloc 0; cpu1 read 0\n"
				   "operations free 0 | user: read 0; read 1\nactors free user\n"
				   "run user return\nend 1\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(Schedule) schedule = schedule_parse(text, "t.sched", &error);

	g_assert_no_error(error);
	g_assert_cmpint(schedule->operations->setup->len, ==, 2);
	g_autofree char *again = schedule_format(schedule);
	g_assert_cmpstr(again, ==, text);
}

static void test_failures(void)
{
	static const char text[] = HEAD "failures 2\nviolates I4\nrun a call alloc-page f+0x1\n"
				   "fail b lock arena g+0x2\nrun a hold\nend 3\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(Schedule) schedule = schedule_parse(text, "t.sched", &error);

	g_assert_no_error(error);
	g_assert_cmpint(schedule->failures, ==, 2);
	const Decision *second = &g_array_index(schedule->decisions, Decision, 1);
	g_assert_cmpint(second->thread, ==, thread_of(THREAD_FAIL, 1));
	g_autofree char *again = schedule_format(schedule);
	g_assert_cmpstr(again, ==, text);
}

/* Each is one clear line that names the file and the line. */
static void test_bad_input(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "t.sched:1: no schedule" },
		{ "racerig-schedule 1\n", "t.sched:1: no schedule" },
		{ "\xff\xfe", "t.sched:1: no schedule" },
		{ HEAD "run a return\n", "truncated: no 'end' line" },
		{ HEAD "run a return\nend 2\n", "t.sched:6: 'end' counts another number" },
		{ HEAD "run c return\nend 1\n", "t.sched:5: this actor is not in" },
		{ HEAD "run a\nend 1\n", "t.sched:5: expected 'run ACTOR EVENT'" },
		{ HEAD "walk a return\nend 1\n", "t.sched:5: unknown line" },
		{ "racerig-schedule 5\nkernel stock\n", "t.sched:2: expected 'kernel NAME KEY'" },
		/* It names nothing outside and writes nothing to a terminal. */
		{ "racerig-schedule 5\nkernel ../../x 0\n", "t.sched:2: '../../x' is no name of a kernel" },
		{ "racerig-schedule 5\nkernel stock ../x\n", "t.sched:2: '../x' is no name of a build" },
		{ "racerig-schedule 5\nscenario /etc/passwd\n", "t.sched:2: '/etc/passwd' is no name" },
		{ "racerig-schedule 5\nactors a ../b\n", "t.sched:2: '../b' is no name of an actor" },
		{ "racerig-schedule 5\nactors a  b\n", "t.sched:2: '' is no name of an actor" },
		{ "racerig-schedule 5\nviolates I6;x\n", "t.sched:2: 'I6;x' is no name of an invariant" },
		{ HEAD "run a \x1b[2J\nend 1\n", "t.sched:5: this is no event" },
		/* Each line of the head once, and none of it behind a decision. */
		{ HEAD "actors a\nend 0\n", "t.sched:5: the second line of that kind" },
		{ HEAD "kernel x 0\nend 0\n", "t.sched:5: the second line of that kind" },
		{ HEAD "run b x\nviolates I1\nend 1\n", "t.sched:6: expected a decision" },
		{ HEAD "end 0x\n", "t.sched:5: 'end' counts another number" },
		{ HEAD "end 0\nrun a x\n", "t.sched:6: something follows" },
		{ "racerig-schedule 5\nactors a b a\n", "t.sched:2: two actors of one name" },
		{ "racerig-schedule 5\nactors a b c d e f g h i\n", "t.sched:2: more actors than" },
		{ "racerig-schedule 5\nscenario s\nend 0\n", "needs 'scenario', 'kernel'" },
		{ HEAD "fail a kmalloc f+0x1\nend 1\n", "t.sched:5: no 'failures' line says" },
		{ HEAD "failures 1\nfail a\nend 1\n", "t.sched:6: expected 'fail ACTOR CALL'" },
		{ HEAD "failures 0\nend 0\n", "t.sched:5: expected 'failures 1' up to 9" },
		{ HEAD "failures 10\nend 0\n", "t.sched:5: expected 'failures 1' up to 9" },
		{ HEAD "failures x\nend 0\n", "t.sched:5: expected 'failures 1' up to 9" },
		{ HEAD "failures 1\nfailures 1\nend 0\n", "t.sched:6: the second line of that kind" },
		/* A text is what it was made of, all of it. */
		{ HEAD "guest 1 1 1\nend 0\n", "t.sched:5: 'guest' and 'operations' lines belong" },
		{ HEAD "setup alloc 0\nend 0\n", "t.sched:5: 'guest' and 'operations' lines belong" },
		{ HEAD "operations alloc 0\nend 0\n", "t.sched:5: 'guest' and 'operations' lines" },
		{ HEAD "guest 1 1\n", "t.sched:5: expected 'guest PAGES ARENAS PROCESSES'" },
		{ HEAD "guest 1 1 1 1\n", "t.sched:5: expected 'guest PAGES ARENAS PROCESSES'" },
		{ HEAD "guest 10 1 1\n", "t.sched:5: expected 'guest PAGES ARENAS PROCESSES'" },
		{ HEAD "guest -1 1 1\n", "t.sched:5: expected 'guest PAGES ARENAS PROCESSES'" },
		{ HEAD "guest 1 0 1\n", "t.sched:5: no guest has no arena" },
		{ HEAD "guest 1 1 1\nguest 1 1 1\n", "t.sched:6: the second line of that kind" },
		{ HEAD "guest 9 1 1\noperations a: free 0 | b: free 0\nend 0\n",
		  "t.sched:6: pages: 9; give 1 to 8" },
		{ HEAD "guest 1 1 1\noperations a: fee 0 | b: free 0\nend 0\n",
		  "t.sched:6: actors: 'fee 0': no verb \"fee\" (col 4); did you mean \"free\"?" },
		{ HEAD "guest 1 1 1\nsetup free 1\noperations a: free 0 | b: free 0\nend 0\n",
		  "t.sched:6: setup: 'free 1': \"1\" is no page (col 6); give 0 to 0" },
		{ HEAD "guest 1 1 1\noperations free 0 | b: free 0\nend 0\n",
		  "t.sched:6: 'operations' and 'actors' name different actors" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(schedule_parse(cases[i].text, "t.sched", &error));
		g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
		g_assert_nonnull(strstr(error->message, cases[i].message));
		g_assert_null(strchr(error->message, '\n'));
	}
}

static void test_plan(void)
{
	g_autoptr(Schedule) schedule =
		schedule_parse(HEAD "run b x\nirq a\nirq a xchg f page0\nrun a y\nend 4\n",
			       "t.sched", NULL);
	g_autoptr(Plan) plan = schedule_plan(schedule);
	const ThreadSet both = { { 3 } }, interrupt = thread_set_single(thread_of(THREAD_IRQ, 0));
	OutcomeEnd end;

	g_assert_cmpuint(plan->prefix->len, ==, 4);
	plan_begin(plan);
	g_assert_cmpint(plan_choose(plan, &both, &end), ==, 1);
	plan_stepped(plan, &(Step){ .thread = 1 });
	/* The recorded thread cannot go on. */
	g_assert_cmpint(plan_choose(plan, &both, &end), ==, -1);
	g_assert_cmpint(end, ==, END_REFUSED);
	g_assert_cmpint(plan_choose(plan, &interrupt, &end), ==,
			thread_of(THREAD_IRQ, 0));
	plan_stepped(plan, &(Step){ .thread = thread_of(THREAD_IRQ, 0) });
	plan_stepped(plan, &(Step){ .thread = thread_of(THREAD_IRQ, 0) });
	plan_stepped(plan, &(Step){ .thread = 0 });
	g_assert_cmpint(plan_choose(plan, &both, &end), ==, -1);
	g_assert_cmpint(end, ==, END_STOPPED);
	schedule_cut(schedule, 1);
	g_assert_cmpuint(schedule->decisions->len, ==, 1);
}

/* Behind the last prescribed step, and only where nobody sleeps. */
static void test_open(void)
{
	g_autoptr(Plan) plan = plan_new((const guint8[]){ 0, 1 }, 2, REST_STAY);
	const Step first = { .thread = 0 }, second = { .thread = 1 };

	plan_begin(plan);
	g_assert_false(plan_is_open_after(plan, &first));
	plan_stepped(plan, &first);
	g_assert_true(plan_is_open_after(plan, &second));
	/* Another thread sleeps, with nothing that this step touches; its own sleep ends. */
	plan->sleep = thread_set_single(2);
	g_assert_false(plan_is_open_after(plan, &second));
	plan->sleep = thread_set_single(1);
	g_assert_true(plan_is_open_after(plan, &second));
}

/* Found by fuzzing: an event may be called as its verb is. */
static void test_event_run(void)
{
	static const char text[] = "racerig-schedule 5\nscenario s\nkernel k 0\nactors a\nrun a run\nend 1\n";
	g_autoptr(Schedule) schedule = schedule_parse(text, "x", NULL);

	g_assert_nonnull(schedule);
	g_autofree char *again = schedule_format(schedule);
	g_assert_cmpstr(again, ==, text);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schedule/round-trip", test_round_trip);
	g_test_add_func("/schedule/text", test_text);
	g_test_add_func("/schedule/failures", test_failures);
	g_test_add_func("/schedule/bad-input", test_bad_input);
	g_test_add_func("/schedule/plan", test_plan);
	g_test_add_func("/schedule/open", test_open);
	g_test_add_func("/schedule/event-run", test_event_run);
	return g_test_run();
}
