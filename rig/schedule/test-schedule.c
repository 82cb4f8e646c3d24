// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/schedule.h"

#include <string.h>

#include "schedule/policy.h"
#include "util/error.h"

#define HEAD "racerig-schedule 1\nscenario s\nkernel stock 0123\nactors a b\n"

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

/* Each is one clear line that names the file and the line. */
static void test_bad_input(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "t.sched:1: no schedule" },
		{ "racerig-schedule 2\n", "t.sched:1: no schedule" },
		{ "\xff\xfe", "t.sched:1: no schedule" },
		{ HEAD "run a return\n", "truncated: no 'end' line" },
		{ HEAD "run a return\nend 2\n", "t.sched:6: 'end' counts another number" },
		{ HEAD "run c return\nend 1\n", "t.sched:5: this actor is not in" },
		{ HEAD "run a\nend 1\n", "t.sched:5: expected 'run ACTOR EVENT'" },
		{ HEAD "walk a return\nend 1\n", "t.sched:5: unknown line" },
		{ "racerig-schedule 1\nkernel stock\n", "t.sched:2: expected 'kernel NAME KEY'" },
		{ "racerig-schedule 1\nscenario s\nend 0\n", "needs 'scenario', 'kernel'" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(schedule_parse(cases[i].text, "t.sched", &error));
		g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
		g_assert_nonnull(strstr(error->message, cases[i].message));
		g_assert_null(strchr(error->message, '\n'));
	}
}

/* @a events of one actor and @b of the other have C(a + b, a) interleavings. */
static int count_dfs(int a, int b, int restart_every)
{
	g_autoptr(Policy) policy = policy_dfs_new();
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	int runs = 0;
	bool again = false;

	do {
		int left[2] = { a, b };
		g_autoptr(GString) path = g_string_new(NULL);

		policy->begin(policy);
		while (left[0] || left[1]) {
			/* Begin again in the middle: the same choices must come back. */
			if (restart_every && !again && path->len == 2 && runs % restart_every == 0) {
				g_string_truncate(path, 0);
				left[0] = a;
				left[1] = b;
				policy->begin(policy);
				again = true;
			}
			int actor = policy->choose(policy, (left[0] ? 1 : 0) | (left[1] ? 2 : 0));
			g_assert_cmpint(actor, >=, 0);
			left[actor]--;
			g_string_append_c(path, 'a' + actor);
		}
		again = false;
		runs++;
		g_assert_true(g_hash_table_add(seen, g_strdup(path->str)));
	} while (policy->end(policy));
	return runs;
}

static void test_dfs(void)
{
	g_assert_cmpint(count_dfs(1, 1, 0), ==, 2);
	g_assert_cmpint(count_dfs(3, 4, 0), ==, 35);
	g_assert_cmpint(count_dfs(5, 5, 0), ==, 252);
	g_assert_cmpint(count_dfs(3, 4, 3), ==, 35);
}

/* A guest that offers other actors than last time is found out. */
static void test_dfs_divergence(void)
{
	g_autoptr(Policy) policy = policy_dfs_new();

	policy->begin(policy);
	g_assert_cmpint(policy->choose(policy, 3), ==, 0);
	policy->begin(policy);
	g_assert_cmpint(policy->choose(policy, 2), ==, -1);
}

static void test_replay(void)
{
	static const int actors[] = { 1, 0 };
	g_autoptr(Policy) policy = policy_replay_new(actors, 2);

	policy->begin(policy);
	g_assert_cmpint(policy->choose(policy, 3), ==, 1);
	g_assert_cmpint(policy->choose(policy, 2), ==, -1);
	g_assert_cmpint(policy->choose(policy, 3), ==, -1);
	g_assert_false(policy->end(policy));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schedule/round-trip", test_round_trip);
	g_test_add_func("/schedule/bad-input", test_bad_input);
	g_test_add_func("/policy/dfs", test_dfs);
	g_test_add_func("/policy/dfs-divergence", test_dfs_divergence);
	g_test_add_func("/policy/replay", test_replay);
	return g_test_run();
}
