// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policies against a brute-force enumerator, on generated programs for a toy machine.
 */
#include "schedule/patience.h"
#include "schedule/toy-programs.h"

static void assert_same(GHashTable *expected, GHashTable *found, int program, const char *who)
{
	GHashTableIter iter;
	gpointer state;

	g_hash_table_iter_init(&iter, expected);
	while (g_hash_table_iter_next(&iter, &state, NULL))
		if (!g_hash_table_contains(found, state))
			g_error("program %d: %s misses %s", program, who, (char *)state);
	g_assert_cmpuint(g_hash_table_size(expected), ==, g_hash_table_size(found));
}

typedef void (*Generate)(GRand *rand, Program *program);

/* dfs runs each path once; dpor reaches the same states and violations with no more runs. */
static void agree(Generate generate_one, int bound)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261123);
	guint compared = 0, fewer = 0, violating = 0;

	for (int i = 0; i < PROGRAMS; i++) {
		Program program;

		generate_one(rand, &program);
		g_autoptr(GHashTable) expected = string_set(), wrong = string_set();
		g_autoptr(GHashTable) dfs_wrong = string_set(), dpor_wrong = string_set();
		const guint paths = by_force(&program, bound, expected, wrong);
		if (paths > MAX_PATHS / 20)
			continue;
		g_autoptr(Policy) dfs =
			policy_dfs_new(bound < 0 ? BOUND_NONE : BOUND_PREEMPTIONS, bound);
		g_autoptr(Policy) dpor = policy_dpor_new(bound);
		guint dfs_runs, dpor_runs;
		g_autoptr(GHashTable) dfs_states = explore(&program, dfs, &dfs_runs, dfs_wrong);
		g_autoptr(GHashTable) dpor_states = explore(&program, dpor, &dpor_runs, dpor_wrong);
		assert_same(expected, dfs_states, i, "dfs");
		assert_same(expected, dpor_states, i, "dpor");
		assert_same(wrong, dfs_wrong, i, "dfs");
		assert_same(wrong, dpor_wrong, i, "dpor");
		g_assert_cmpuint(dfs_runs, ==, paths);
		g_assert_cmpuint(dpor_runs, <=, dfs_runs);
		compared++;
		fewer += dpor_runs < dfs_runs;
		violating += g_hash_table_size(wrong) > 0;
	}
	g_test_message("%u programs, %u violate something, dpor ran fewer schedules on %u", compared,
		       violating, fewer);
	g_assert_cmpuint(compared, >=, PROGRAMS / 2);
	g_assert_cmpuint(fewer, >=, bound == 0 ? 0 : PROGRAMS / 4);
}

static void test_agree(gconstpointer data)
{
	agree(generate, GPOINTER_TO_INT(data));
}

static void test_failures(gconstpointer data)
{
	agree(generate_failing, GPOINTER_TO_INT(data));
}

static void test_data(gconstpointer data)
{
	agree(generate_data, GPOINTER_TO_INT(data));
}

/* Their states and violations, what they ran, and that no two ran the same. */
static guint explore_parts(const Program *program, guint depth, guint parts, GHashTable *states,
			   GHashTable *violations)
{
	guint sum = 0, subtrees = 0;

	for (guint part = 0; part < parts; part++) {
		bool here[7] = { false };
		Plan *plan;

		here[part] = true;
		g_autoptr(Policy) policy = policy_dpor_split_new(depth, here, parts);

		while ((plan = policy->next(policy))) {
			g_autoptr(GHashTable) wrong = string_set();
			g_autoptr(Outcome) outcome = run_and_judge(program, plan, wrong);
			GHashTableIter iter;
			gpointer violation;

			g_assert_true(policy->learn(policy, outcome));
			plan_free(plan);
			if (policy->elsewhere)
				continue;
			g_hash_table_iter_init(&iter, wrong);
			while (g_hash_table_iter_next(&iter, &violation, NULL))
				g_hash_table_add(violations, g_strdup(violation));
			if (outcome->end != END_DONE)
				continue;
			sum++;
			g_hash_table_add(states, g_steal_pointer(&outcome->final_state));
		}
		/* Each belongs to one. */
		subtrees += policy->subtrees_here;
		g_assert_cmpuint(subtrees, <=, policy->subtrees);
		g_assert_true(part + 1 < parts || subtrees == policy->subtrees);
	}
	return sum;
}

/* Split, in one part or in many: what brute force finds, in as many runs. */
static void test_split(gconstpointer data)
{
	guint depth = GPOINTER_TO_UINT(data), compared = 0;
	guint64 plain_runs = 0, split_runs = 0, plain_big = 0, split_big = 0;
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261126);

	for (int i = 0; i < PROGRAMS; i++) {
		Program program;

		generate(rand, &program);
		g_autoptr(GHashTable) expected = string_set(), wrong = string_set();
		g_autoptr(GHashTable) ignored = string_set();
		if (by_force(&program, -1, expected, wrong) > MAX_PATHS / 20)
			continue;
		g_autoptr(Policy) plain = policy_dpor_new(-1);
		guint runs, whole = 0;
		g_hash_table_unref(explore(&program, plain, &runs, ignored));
		for (guint parts = 1; parts <= 7; parts += parts == 1 ? 1 : parts == 2 ? 1 : 4) {
			g_autoptr(GHashTable) states = string_set(), found = string_set();
			guint sum = explore_parts(&program, depth, parts, states, found);

			assert_same(expected, states, i, "split");
			assert_same(wrong, found, i, "split");
			whole = parts == 1 ? sum : whole;
			g_assert_cmpuint(sum, ==, whole);
		}
		plain_runs += runs;
		split_runs += whole;
		plain_big += runs >= 50 ? runs : 0;
		split_big += runs >= 50 ? whole : 0;
		compared++;
	}
	g_test_message("%u programs: split %u runs %.3f as many schedules as none, %.3f of those of 50 "
		       "and more", compared, depth, (double)split_runs / plain_runs,
		       plain_big ? (double)split_big / plain_big : 0);
	g_assert_cmpuint(compared, >=, PROGRAMS / 2);
}

/* What @violations lack of what brute force finds. */
static guint count_missed(const Program *program, bool reads)
{
	g_autoptr(GHashTable) expected = string_set(), wrong = string_set(), found = string_set();
	g_autoptr(Policy) dpor = policy_dpor_new(-1);
	guint runs, missed = 0;
	GHashTableIter iter;
	gpointer violation;

	if (by_force(program, -1, expected, wrong) > MAX_PATHS / 20)
		return 0;
	without_reads = !reads;
	g_hash_table_unref(explore(program, dpor, &runs, found));
	without_reads = false;
	g_hash_table_iter_init(&iter, wrong);
	while (g_hash_table_iter_next(&iter, &violation, NULL))
		missed += !g_hash_table_contains(found, violation);
	return missed;
}

/* Footprints without what the checks read miss violations, although they reach all final states. */
static void test_reads_matter(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261123);
	guint without = 0;

	for (int i = 0; i < PROGRAMS; i++) {
		Program program;

		generate(rand, &program);
		without += count_missed(&program, false) > 0;
		g_assert_cmpuint(count_missed(&program, true), ==, 0);
	}
	g_test_message("without the reads of the checks dpor misses violations of %u programs", without);
	g_assert_cmpuint(without, >, 0);
}

/* The shortest of them, by property. */
static void test_reads_by_property(void)
{
	static const Program programs[] = {
		/* I6: a frame is freed, and put into a cell */
		{ 2, 0, { { { OP_FREE, 0, 1, 0 } }, { { OP_WRITE, 0, 1, 0 } } } },
		/* I6: … and another vCPU drops it from its cache */
		{ 2, 0, { { { OP_WRITE, 0, 1, 0 }, { OP_WRITE, 0, 0, 0 }, { OP_FREE, 0, 1, 0 } },
		       { { OP_CACHED, 0, 0, 0 }, { OP_READ, 1, 0, 0 }, { OP_FLUSH, 0, 0, 0 } } } },
		/* I2: a return, and the store of another */
		{ 2, 0, { { { OP_WRITE, 0, 1, 0 }, { OP_SPIN, 1, 1, 0 }, { OP_RETURN, 0, 0, 0 } },
		       { { OP_WRITE, 1, 1, 0 }, { OP_WRITE, 0, 2, 0 } } } },
		/* I7: a return, and a load of another that cached what was there before */
		{ 2, 0, { { { OP_WRITE, 0, 1, 0 }, { OP_SPIN, 1, 1, 0 }, { OP_RETURN, 0, 0, 0 } },
		       { { OP_CACHED, 0, 0, 0 }, { OP_SPIN, 0, 1, 0 }, { OP_WRITE, 1, 1, 0 },
			 { OP_CACHED, 0, 0, 0 } } } },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
		guint without = count_missed(&programs[i], false);

		g_test_message("program %d: %u missed without the reads", (int)i, without);
		g_assert_cmpuint(without, >, 0);
		g_assert_cmpuint(count_missed(&programs[i], true), ==, 0);
	}
}

/* Final states that dpor lacks of what brute force finds, with data by cell. */
static guint count_lost(const Program *program)
{
	g_autoptr(GHashTable) expected = string_set(), ignored = string_set();
	g_autoptr(Policy) dpor = policy_dpor_new(-1);
	guint runs;

	if (by_force(program, -1, expected, ignored) > MAX_PATHS / 20)
		return 0;
	data_by_cell = true;
	g_autoptr(GHashTable) found = explore(program, dpor, &runs, ignored);
	data_by_cell = false;
	return g_hash_table_size(expected) - g_hash_table_size(found);
}

/* What is behind two cells may be one frame: by cell, final states are lost. */
static void test_frames_matter(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261126);
	guint lost = 0;

	for (int i = 0; i < PROGRAMS; i++) {
		Program program;

		generate_data(rand, &program);
		lost += count_lost(&program) > 0;
	}
	g_test_message("with data by cell dpor loses final states of %u programs", lost);
	g_assert_cmpuint(lost, >, 0);
}

/* Nobody gives up a lock that is never let go of once nobody else can go on: only before that. */
static void test_gives_up_in_time(void)
{
	static const Program program = { 2, 1, { { { OP_LOCK, 0, 0, 0 }, { OP_WRITE, 0, 1, 0 } },
						 { { OP_LOCK, 0, 0, 0 }, { OP_READ, 1, 0, 0 } } } };
	g_autoptr(GHashTable) expected = string_set(), ignored = string_set();
	g_autoptr(Policy) dpor = policy_dpor_new(-1);
	guint runs;

	by_force(&program, -1, expected, ignored);
	g_autoptr(GHashTable) found = explore(&program, dpor, &runs, ignored);
	assert_same(expected, found, 0, "dpor");
	g_assert_cmpuint(g_hash_table_size(expected), ==, 4);
}

/* Orders that are easily lost, each the only one to its final state. */
static void test_hidden_orders(void)
{
	static const Program programs[] = {
		/* The crash waits for both interrupts; neither must hide its race with the lock. */
		{ 3, 0, { { { OP_LOCK, 0, 0, 0 } }, { { OP_FLUSH, 0, 0, 0 }, { OP_CRASH, 1, 0, 0 } },
		       { { OP_MASK, 0, 0, 0 } } } },
		/* The crash before the read, with a store between that only the interrupts let go. */
		{ 3, 0, { { { OP_WRITE, 1, 0, 0 }, { OP_CRASH, 0, 0, 0 } }, { { OP_READ, 0, 0, 0 } },
		       { { OP_FLUSH, 0, 0, 0 }, { OP_WRITE, 1, 1, 0 } } } },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
		g_autoptr(GHashTable) expected = string_set(), ignored = string_set();
		g_autoptr(Policy) dpor = policy_dpor_new(-1);
		guint runs;

		by_force(&programs[i], -1, expected, ignored);
		g_autoptr(GHashTable) found = explore(&programs[i], dpor, &runs, ignored);
		assert_same(expected, found, i, "dpor");
	}
}

/* How many schedules dpor runs of @program before patience is over, or all of them. */
static guint patient_runs(const Program *program, int max, bool *ret_all)
{
	g_autoptr(Policy) dpor = policy_dpor_new(-1);
	int executed = 0;

	for (;; executed++) {
		g_autoptr(Plan) plan = dpor->next(dpor);

		*ret_all = plan == NULL;
		if (!plan || patience_is_over(dpor, executed, max))
			return executed;
		g_autoptr(Outcome) outcome = run(program, plan);
		g_assert_true(dpor->learn(dpor, outcome));
	}
}

/* What fits is explored to its end, what is far too large is given up before all is spent. */
static void test_patience(void)
{
	enum { MAX = 20, LARGE = 64 };
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261126);
	Program writers = { .actors = 2 };	/* 12 writes of one cell: 924 orders */
	guint fit = 0, explored = 0;
	bool all;

	for (int i = 0; i < 4 * PROGRAMS; i++) {
		Program program;
		bool fits;

		generate(rand, &program);
		guint runs = patient_runs(&program, 5 * MAX, &fits);
		g_assert_true(patient_runs(&program, MAX, &all) == runs || !all);
		fit += fits && runs <= MAX;
		explored += all;
	}
	g_test_message("%u of %u that fit are explored", explored, fit);
	g_assert_cmpuint(explored, >=, fit * 95 / 100);
	for (int i = 0; i < writers.actors; i++)
		for (int j = 0; j < MAX_OPS; j++)
			writers.ops[i][j] = (Op){ OP_WRITE, 0, 1 + i, 0 };
	g_assert_cmpuint(patient_runs(&writers, LARGE, &all), <=, LARGE / 2);
	g_assert_false(all);
	writers.ops[0][3].kind = writers.ops[1][3].kind = OP_END;
	g_assert_cmpuint(patient_runs(&writers, LARGE, &all), ==, 20);
	g_assert_true(all);
}

/* Two independent actors of three events: (3+3)!/(3!3!) against one. */
static void test_counts(void)
{
	const Program program = { 2, 0, {
		{ { OP_WRITE, 0, 1, 0 }, { OP_WRITE, 0, 2, 0 }, { OP_WRITE, 0, 3, 0 } },
		{ { OP_WRITE, 1, 1, 0 }, { OP_WRITE, 1, 2, 0 }, { OP_WRITE, 1, 3, 0 } },
	} };
	g_autoptr(Policy) dfs = policy_dfs_new(BOUND_NONE, 0);
	g_autoptr(Policy) dpor = policy_dpor_new(-1);
	guint runs;
	g_autoptr(GHashTable) wrong = string_set();
	g_autoptr(GHashTable) all = explore(&program, dfs, &runs, wrong);

	g_assert_cmpuint(runs, ==, 20);
	g_assert_cmpuint(dfs->pruned, ==, 0);
	g_autoptr(GHashTable) one = explore(&program, dpor, &runs, wrong);
	g_assert_cmpuint(runs, ==, 1);
	g_assert_cmpuint(dpor->pruned, >, 0);
}

/* How many schedules dpor runs of @program. */
static guint count_runs(const Program *program)
{
	g_autoptr(GHashTable) wrong = string_set();
	g_autoptr(Policy) dpor = policy_dpor_new(-1);
	guint runs;

	g_hash_table_unref(explore(program, dpor, &runs, wrong));
	return runs;
}

/* Stores to two frames are one order, to one frame, by whatever cell, (3+3)!/(3!3!). */
static void test_frames_count(void)
{
	Program program = { 2, 0, {
		{ { OP_WRITE, 0, 1, 0 },
		  { OP_STORE, 0, 1, 0 }, { OP_STORE, 0, 2, 0 }, { OP_STORE, 0, 3, 0 } },
		{ { OP_WRITE, 1, 2, 0 },
		  { OP_STORE, 1, 1, 0 }, { OP_STORE, 1, 2, 0 }, { OP_STORE, 1, 3, 0 } },
	} };

	g_assert_cmpuint(count_runs(&program), ==, 1);
	program.ops[1][0].a = 1;
	g_assert_cmpuint(count_runs(&program), ==, 20);
}

static const Outcome *known_ahead(gpointer ahead, const Plan *plan)
{
	g_autofree char *key = plan_key(plan);

	return g_hash_table_lookup(ahead, key);
}

/*
 * A second guest that always works ahead: what it has done is what is asked for
 * next, deeper than the stack reaches, and the policy goes the same way.
 */
static void foreseen(const Program *program, guint *plans, guint *hits, guint *wasted)
{
	g_autoptr(GHashTable) ahead = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							    (GDestroyNotify)outcome_free);
	g_autoptr(Policy) dpor = policy_dpor_new(-1);
	g_autoptr(Policy) alone = policy_dpor_new(-1);

	for (;;) {
		g_autoptr(Plan) plan = dpor->next(dpor), same = alone->next(alone);
		g_autofree char *key = plan ? plan_key(plan) : NULL;
		g_autofree char *same_key = same ? plan_key(same) : NULL;
		Plan *later;

		g_assert_cmpstr(key, ==, same_key);
		if (!plan)
			break;
		g_autoptr(Outcome) outcome = run(program, plan);
		++*plans;
		*hits += g_hash_table_remove(ahead, key);
		g_assert_true(dpor->learn(dpor, outcome));
		g_assert_true(alone->learn(alone, outcome));
		if (!dpor->foresee(dpor, known_ahead, ahead, &later, 1))
			continue;
		g_assert_null(known_ahead(ahead, later));
		g_hash_table_insert(ahead, plan_key(later), run(program, later));
		plan_free(later);
	}
	*wasted += g_hash_table_size(ahead);
}

static void test_foreseen(void)
{
	enum { PROGRAMS = 400 };
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	guint hits = 0, plans = 0, wasted = 0;

	for (int i = 0; i < PROGRAMS; i++) {
		Program program;

		generate(rand, &program);
		foreseen(&program, &plans, &hits, &wasted);
	}
	g_test_message("%u of %u plans foreseen, %u in vain", hits, plans, wasted);
	/* Nobody can foresee the first. */
	g_assert_cmpuint(hits, >, (plans - PROGRAMS) * 9 / 10);
	g_assert_cmpuint(wasted, <, plans / 10);
}

static void test_random(void)
{
	const Program program = { 2, 0, {
		{ { OP_WRITE, 0, 1, 0 }, { OP_READ, 0, 0, 0 } },
		{ { OP_WRITE, 0, 0, 0 }, { OP_READ, 0, 0, 0 } },
	} };
	g_autoptr(Policy) pct = policy_pct_new(3, 2, 2);
	g_autoptr(Policy) again = policy_pct_new(3, 2, 2);
	g_autoptr(GHashTable) states = string_set();

	for (int i = 0; i < 200; i++) {
		g_autoptr(Plan) plan = pct->next(pct), same = again->next(again);
		g_autoptr(Outcome) outcome = run(&program, plan);
		g_autoptr(Outcome) second = run(&program, same);

		g_assert_cmpstr(outcome->final_state, ==, second->final_state);
		pct->learn(pct, outcome);
		again->learn(again, second);
		g_hash_table_add(states, g_strdup(outcome->final_state));
	}
	g_assert_cmpfloat_with_epsilon(policy_pct_bound(pct), 1 / (2 * 4.0), 1e-9);
	g_assert_cmpuint(g_hash_table_size(states), ==, 4);
}

static void test_outcome_text(void)
{
	const Program program = { 2, 0, { { { OP_LOCK, 0, 0, 0 }, { OP_UNLOCK, 0, 0, 0 } },
				       { { OP_WRITE, 0, 1, 0 } } } };
	g_autoptr(Plan) plan = plan_new(NULL, 0, REST_STAY);
	g_autoptr(Outcome) outcome = run(&program, plan);

	Violation found = violation_new("I5", "deadlock", 3);
	found.kind = VIOLATION_POSSIBLE;
	found.page = 1;
	found.write = 0;
	found.count = -1;
	found.address = 0x8000000000000000;
	found.log = "a 'quoted'\nline";
	found.waits[found.n_waits++] = (Wait){ .actor = "alloc", .kind = WAIT_LOCK,
						       .holder = "free", .lock = "arena" };
	Violation accepted = violation_new("I7", "read-scratch", -1);
	accepted.documented = true;
	outcome_add(outcome, &found);
	outcome_add(outcome, &accepted);
	outcome->schedule = g_strdup("a schedule");
	g_autofree char *without_trace = outcome_format(outcome);
	g_assert_null(outcome_parse(without_trace));
	outcome->trace = g_strdup("a 'quoted'\nline");
	g_autofree char *line = outcome_format(outcome);
	g_autoptr(Outcome) back = outcome_parse(line);
	g_assert_nonnull(back);
	g_assert_null(strchr(line, '\n'));
	g_autofree char *again = outcome_format(back);
	g_assert_cmpstr(line, ==, again);
	g_assert_cmpstr(back->trace, ==, outcome->trace);
	g_assert_cmpstr(back->violates, ==, "I5");
	g_assert_true(outcome_documents(back) && outcome_violates(back, "I5"));
	g_assert_false(outcome_violates(back, "I7"));
	const Violation *same = outcome_found(back, 0);
	g_assert_cmpint(same->event, ==, 3);
	g_assert_cmpint(same->count, ==, -1);
	g_assert_cmpuint(same->address, ==, 0x8000000000000000);
	g_assert_cmpstr(same->log, ==, found.log);
	g_assert_cmpstr(same->waits[0].holder, ==, "free");
	/* Found by fuzzing: a byte that is no character. */
	g_autofree char *damaged = g_strdup(line);
	*strstr(damaged, "quoted") = '\xff';
	g_assert_null(outcome_parse(damaged));
	line[strlen(line) / 2] = '\0';
	g_assert_null(outcome_parse(line));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/counts", test_counts);
	g_test_add_data_func("/policy/agree", GINT_TO_POINTER(-1), test_agree);
	g_test_add_data_func("/policy/agree-bound-0", GINT_TO_POINTER(0), test_agree);
	g_test_add_data_func("/policy/agree-bound-1", GINT_TO_POINTER(1), test_agree);
	g_test_add_data_func("/policy/agree-bound-2", GINT_TO_POINTER(2), test_agree);
	g_test_add_data_func("/policy/failures", GINT_TO_POINTER(-1), test_failures);
	g_test_add_data_func("/policy/failures-bound-1", GINT_TO_POINTER(1), test_failures);
	g_test_add_data_func("/policy/data", GINT_TO_POINTER(-1), test_data);
	g_test_add_data_func("/policy/data-bound-1", GINT_TO_POINTER(1), test_data);
	g_test_add_func("/policy/patience", test_patience);
	g_test_add_func("/policy/frames-matter", test_frames_matter);
	g_test_add_func("/policy/frames-count", test_frames_count);
	g_test_add_data_func("/policy/split-1", GUINT_TO_POINTER(1), test_split);
	g_test_add_data_func("/policy/split-2", GUINT_TO_POINTER(2), test_split);
	g_test_add_data_func("/policy/split-4", GUINT_TO_POINTER(4), test_split);
	g_test_add_func("/policy/reads-matter", test_reads_matter);
	g_test_add_func("/policy/reads-by-property", test_reads_by_property);
	g_test_add_func("/policy/gives-up-in-time", test_gives_up_in_time);
	g_test_add_func("/policy/hidden-orders", test_hidden_orders);
	g_test_add_func("/policy/foreseen", test_foreseen);
	g_test_add_func("/policy/random", test_random);
	g_test_add_func("/outcome/text", test_outcome_text);
	return g_test_run();
}
