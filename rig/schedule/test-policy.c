// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policies against a brute-force enumerator, on generated programs for a toy
 * machine: shared cells, cmpxchg, locks, spins, branches on what was read, and
 * shootdowns of cached values that wait for everybody's interrupt.
 */
#include <string.h>

#include "schedule/policy.h"

enum { CELLS = 3, LOCKS = 2, MAX_OPS = 6, PROGRAMS = 400, MAX_PATHS = 60000 };

typedef enum {
	OP_END,
	OP_READ, OP_WRITE, OP_CMPXCHG,	/* events on a cell */
	OP_CACHED,	/* event: read a cell through the vCPU's own cache of it */
	OP_LOCK,	/* event, once the lock is free */
	OP_SPIN,	/* event, once the cell is @a */
	OP_MASK,	/* event: no interrupts until the next unlock */
	OP_UNLOCK,	/* local from here on: they go with the event before */
	OP_SKIP,	/* branch: skip @b operations if the last value read is @a */
	OP_FLUSH,	/* interrupt all the others, wait until they have served it */
	N_OPS,
	OP_CRASH = N_OPS,	/* event: read a cell, and nobody goes on */
} OpKind;

typedef struct {
	guint8 kind, cell, a, b;
} Op;

typedef struct {
	int actors;
	Op ops[3][MAX_OPS + 1];
} Program;

typedef struct {
	guint8 cells[CELLS];
	guint8 holder[LOCKS];		/* 0: free, else actor + 1 */
	guint8 crashed;
	guint8 pc[3];
	guint8 last[3];			/* last value read */
	guint8 masked[3];
	guint8 flushed[3];		/* the flush at pc has been sent */
	guint8 pending[3];		/* interrupt waiting at this vCPU, for actors (bits) */
	guint8 cache[3][CELLS];		/* 0: nothing cached, else value + 1 */
	guint32 seen[3];		/* hash of all that was read */
} State;

static bool is_event(OpKind kind)
{
	return (kind >= OP_READ && kind <= OP_MASK) || kind == OP_CRASH;
}

/* Local operations up to the next event; stays before a wait that goes on. */
static void settle_actor(const Program *program, State *state, int actor)
{
	for (;;) {
		const Op *op = &program->ops[actor][state->pc[actor]];

		if (op->kind == OP_END || is_event(op->kind))
			return;
		if (op->kind == OP_UNLOCK && state->holder[op->cell] == actor + 1) {
			state->holder[op->cell] = 0;
			state->masked[actor] = 0;
		}
		if (op->kind == OP_FLUSH) {
			bool waits = false;

			for (int i = 0; i < program->actors; i++) {
				if (i == actor)
					memset(state->cache[i], 0, CELLS);
				else if (!state->flushed[actor])
					state->pending[i] |= 1u << actor;
				waits |= (state->pending[i] >> actor) & 1;
			}
			state->flushed[actor] = 1;
			if (waits)
				return;
			state->flushed[actor] = 0;
		}
		int skip = op->kind == OP_SKIP && state->last[actor] == op->a ? op->b : 0;
		for (state->pc[actor]++;
		     skip && program->ops[actor][state->pc[actor]].kind != OP_END; skip--)
			state->pc[actor]++;
	}
}

static void settle(const Program *program, State *state)
{
	for (int i = 0; i < program->actors; i++)
		settle_actor(program, state, i);
}

static Footprint footprint(const Op *op, int actor)
{
	guint32 cell = 1u << (OBJECT_PTE + op->cell), lock = 1u << (OBJECT_LOCK + op->cell);

	switch (op->kind) {
	case OP_READ:
	case OP_SPIN:
	case OP_CRASH:
		return (Footprint){ .reads = cell };
	case OP_CACHED:
		return (Footprint){ .reads = cell, .writes = 1u << (OBJECT_TLB + actor) };
	case OP_LOCK:
		return (Footprint){ .writes = lock, .acquires = lock };
	case OP_MASK:
		return (Footprint){ .writes = 1u << (OBJECT_IRQ + actor) };
	default:
		return (Footprint){ .writes = cell };
	}
}

static Footprint irq_footprint(int actor)
{
	return (Footprint){ .writes = 1u << (OBJECT_TLB + actor) | 1u << (OBJECT_IRQ + actor) };
}

static Footprint evict_footprint(const Op *op, int actor)
{
	return (Footprint){ .reads = 1u << (OBJECT_PTE + op->cell),
			    .writes = 1u << (OBJECT_TLB + actor) };
}

/* What is cached is not what is there: the cache may forget it or not. */
static bool is_stale(const State *state, const Op *op, int actor)
{
	guint8 cached = state->cache[actor][op->cell];

	return op->kind == OP_CACHED && cached && cached != state->cells[op->cell] + 1;
}

static void observe(const Program *program, const State *state, Step *ret)
{
	*ret = (Step){ .thread = -1 };
	for (int i = 0; i < program->actors; i++) {
		const Op *op = &program->ops[i][state->pc[i]];
		int irq = THREAD_IRQ + i, evict = THREAD_EVICT + i;

		if (is_event(op->kind)) {
			ret->known |= 1u << i;
			ret->pending[i] = footprint(op, i);
			bool waits = op->kind == OP_LOCK ? state->holder[op->cell] != 0
				     : op->kind == OP_SPIN && state->cells[op->cell] != op->a;
			if (!waits)
				ret->enabled |= 1u << i;
		}
		if (is_stale(state, op, i)) {
			ret->known |= 1u << evict;
			ret->enabled |= 1u << evict;
			ret->pending[evict] = evict_footprint(op, i);
		}
		if (state->pending[i]) {
			ret->known |= 1u << irq;
			ret->enabled |= state->masked[i] ? 0 : 1u << irq;
			ret->pending[irq] = irq_footprint(i);
		}
	}
	if (state->crashed)
		ret->enabled = 0;
}

static void note(State *state, int actor, guint8 value)
{
	state->last[actor] = value;
	state->seen[actor] = state->seen[actor] * 31 + value + 1;
}

/* One step of @thread; what it touched. */
static Footprint execute(const Program *program, State *state, int thread)
{
	int actor = thread_actor(thread);
	const Op *op = &program->ops[actor][state->pc[actor]];
	State before = *state;
	Footprint done;

	if (thread_is_irq(thread)) {
		memset(state->cache[actor], 0, CELLS);
		state->pending[actor] = 0;
		done = irq_footprint(actor);
	} else if (thread_is_evict(thread)) {
		memset(state->cache[actor], 0, CELLS);
		done = evict_footprint(op, actor);
	} else {
		done = footprint(op, actor);
	}
	guint8 *cell = &state->cells[op->cell];
	switch (thread == actor ? op->kind : OP_END) {
	case OP_END:
		break;
	case OP_READ:
	case OP_SPIN:
		note(state, actor, *cell);
		break;
	case OP_WRITE:
		*cell = op->a;
		break;
	case OP_CMPXCHG:
		note(state, actor, *cell);
		/* One that fails is a read. */
		if (*cell != op->a)
			done = (Footprint){ .reads = done.writes };
		else
			*cell = op->b;
		break;
	case OP_CACHED:
		if (!state->cache[actor][op->cell])
			state->cache[actor][op->cell] = *cell + 1;
		note(state, actor, state->cache[actor][op->cell] - 1);
		break;
	case OP_LOCK:
		state->holder[op->cell] = actor + 1;
		break;
	case OP_MASK:
		state->masked[actor] = 1;
		break;
	case OP_CRASH:
		state->crashed = 1;
		return footprint_everything();
	default:
		g_assert_not_reached();
	}
	state->pc[actor] += thread == actor;
	settle(program, state);
	for (int i = 0; i < program->actors; i++)
		if (state->pending[i] & ~before.pending[i])
			done.writes |= 1u << (OBJECT_IRQ + i);
	for (int i = 0; i < LOCKS; i++)
		if (state->holder[i] != before.holder[i])
			done.writes |= 1u << (OBJECT_LOCK + i);
	return done;
}

static char *final_state(const Program *program, const State *state)
{
	GString *text = g_string_new(NULL);

	for (int i = 0; i < CELLS; i++)
		g_string_append_printf(text, "%d ", state->cells[i]);
	for (int i = 0; i < program->actors; i++)
		g_string_append_printf(text, "%x@%d ", state->seen[i], state->pc[i]);
	return g_string_free(text, FALSE);
}

static void start(const Program *program, State *state)
{
	memset(state, 0, sizeof(*state));
	settle(program, state);
}

static Outcome *run(const Program *program, Plan *plan)
{
	Outcome *outcome = outcome_new();
	State state;
	Step step;

	start(program, &state);
	plan_begin(plan);
	for (;;) {
		observe(program, &state, &step);
		int thread = step.enabled ? plan_choose(plan, step.enabled, &outcome->end) : -1;
		if (thread < 0)
			break;
		step.thread = thread;
		step.done = execute(program, &state, thread);
		plan_stepped(plan, &step);
		g_array_append_val(outcome->steps, step);
	}
	if (!step.enabled)
		outcome->end = END_DONE;
	g_array_append_val(outcome->steps, step);
	outcome->final_state = final_state(program, &state);
	return outcome;
}

typedef struct {
	const Program *program;
	GHashTable *states;
	guint paths;
	int bound;		/* preemptions; -1: none */
} Brute;

static void brute(Brute *brute_force, const State *state, int last, int preemptions)
{
	Step step;

	if (brute_force->paths > MAX_PATHS)
		return;
	observe(brute_force->program, state, &step);
	if (!step.enabled) {
		brute_force->paths++;
		g_hash_table_add(brute_force->states, final_state(brute_force->program, state));
		return;
	}
	for (int thread = 0; thread < SCHEDULE_THREADS; thread++) {
		bool preempts = last >= 0 && thread_switches(last, thread) &&
				(step.enabled & (1u << last));
		State next = *state;

		if (!(step.enabled & (1u << thread)) ||
		    (brute_force->bound >= 0 && preemptions + preempts > brute_force->bound))
			continue;
		execute(brute_force->program, &next, thread);
		brute(brute_force, &next, thread, preemptions + preempts);
	}
}

static void generate(GRand *rand, Program *program)
{
	memset(program, 0, sizeof(*program));
	program->actors = g_rand_int_range(rand, 2, 4);
	for (int i = 0; i < program->actors; i++) {
		int n = g_rand_int_range(rand, 1, program->actors == 2 ? 6 : 4);
		int locked = -1;

		/* As the arena does it: mask, lock, change something, unlock. */
		if (g_rand_boolean(rand))
			program->ops[i][0] = (Op){ .kind = OP_MASK };
		for (int j = program->ops[i][0].kind == OP_MASK; j < n; j++) {
			Op *op = &program->ops[i][j];

			op->kind = g_rand_int_range(rand, OP_READ, N_OPS);
			/* Only a value cached twice can be stale. */
			if (op->kind == OP_SKIP || op->kind == OP_MASK)
				op->kind = g_rand_boolean(rand) ? op->kind : OP_CACHED;
			op->cell = g_rand_int_range(rand, 0, CELLS);
			op->a = g_rand_int_range(rand, 0, 2);
			op->b = g_rand_int_range(rand, 0, 2) + (op->kind == OP_SKIP);
			if (op->kind == OP_LOCK || op->kind == OP_UNLOCK) {
				op->cell = locked >= 0 ? locked : op->cell % LOCKS;
				op->kind = locked >= 0 ? OP_UNLOCK : OP_LOCK;
				locked = locked >= 0 ? -1 : op->cell;
			}
		}
		if (locked >= 0)
			program->ops[i][n] = (Op){ .kind = OP_UNLOCK, .cell = locked };
		if (g_rand_int_range(rand, 0, 8) == 0)
			program->ops[i][g_rand_int_range(rand, 0, n)].kind = OP_CRASH;
	}
}

/* All final states a policy reaches; @ret_runs: schedules run to their ends. */
static GHashTable *explore(const Program *program, Policy *policy, guint *ret_runs)
{
	GHashTable *states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Plan *plan;

	*ret_runs = 0;
	while ((plan = policy->next(policy))) {
		g_autoptr(Outcome) outcome = run(program, plan);
		bool learnt = policy->learn(policy, outcome);

		g_assert_true(learnt);
		plan_free(plan);
		if (outcome->end != END_DONE)
			continue;
		++*ret_runs;
		g_hash_table_add(states, g_steal_pointer(&outcome->final_state));
	}
	return states;
}

static void assert_same(GHashTable *expected, GHashTable *found, int program, const char *who)
{
	GHashTableIter iter;
	gpointer state;

	g_hash_table_iter_init(&iter, expected);
	while (g_hash_table_iter_next(&iter, &state, NULL))
		if (!g_hash_table_contains(found, state))
			g_error("program %d: %s misses state %s", program, who, (char *)state);
	g_assert_cmpuint(g_hash_table_size(expected), ==, g_hash_table_size(found));
}

/* dfs runs each path once; dpor reaches the same states with no more runs. */
static void test_agree(gconstpointer data)
{
	int bound = GPOINTER_TO_INT(data);
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261123);
	guint compared = 0, fewer = 0;

	for (int i = 0; i < PROGRAMS; i++) {
		Program program;
		State state;

		generate(rand, &program);
		g_autoptr(GHashTable) expected =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		Brute brute_force = { &program, expected, 0, bound };
		start(&program, &state);
		brute(&brute_force, &state, -1, 0);
		if (brute_force.paths > MAX_PATHS / 20)
			continue;
		g_autoptr(Policy) dfs =
			policy_dfs_new(bound < 0 ? BOUND_NONE : BOUND_PREEMPTIONS, bound);
		g_autoptr(Policy) dpor = policy_dpor_new(bound);
		guint dfs_runs, dpor_runs;
		g_autoptr(GHashTable) dfs_states = explore(&program, dfs, &dfs_runs);
		g_autoptr(GHashTable) dpor_states = explore(&program, dpor, &dpor_runs);
		assert_same(expected, dfs_states, i, "dfs");
		assert_same(expected, dpor_states, i, "dpor");
		g_assert_cmpuint(dfs_runs, ==, brute_force.paths);
		g_assert_cmpuint(dpor_runs, <=, dfs_runs);
		compared++;
		fewer += dpor_runs < dfs_runs;
	}
	g_test_message("%u programs, dpor ran fewer schedules on %u", compared, fewer);
	g_assert_cmpuint(compared, >=, PROGRAMS / 2);
	g_assert_cmpuint(fewer, >=, bound == 0 ? 0 : PROGRAMS / 4);
}

/* Two independent actors of three events: (3+3)!/(3!3!) against one. */
static void test_counts(void)
{
	const Program program = { 2, {
		{ { OP_WRITE, 0, 1, 0 }, { OP_WRITE, 0, 2, 0 }, { OP_WRITE, 0, 3, 0 } },
		{ { OP_WRITE, 1, 1, 0 }, { OP_WRITE, 1, 2, 0 }, { OP_WRITE, 1, 3, 0 } },
	} };
	g_autoptr(Policy) dfs = policy_dfs_new(BOUND_NONE, 0);
	g_autoptr(Policy) dpor = policy_dpor_new(-1);
	guint runs;
	g_autoptr(GHashTable) all = explore(&program, dfs, &runs);

	g_assert_cmpuint(runs, ==, 20);
	g_assert_cmpuint(dfs->pruned, ==, 0);
	g_autoptr(GHashTable) one = explore(&program, dpor, &runs);
	g_assert_cmpuint(runs, ==, 1);
	g_assert_cmpuint(dpor->pruned, >, 0);
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
	const Program program = { 2, {
		{ { OP_WRITE, 0, 1, 0 }, { OP_READ, 0, 0, 0 } },
		{ { OP_WRITE, 0, 0, 0 }, { OP_READ, 0, 0, 0 } },
	} };
	g_autoptr(Policy) pct = policy_pct_new(3, 2, 2);
	g_autoptr(Policy) again = policy_pct_new(3, 2, 2);
	g_autoptr(GHashTable) states =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

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
	const Program program = { 2, { { { OP_LOCK, 0, 0, 0 }, { OP_UNLOCK, 0, 0, 0 } },
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
	found.waits[found.n_waits++] = (Wait){ "alloc", WAIT_LOCK, "free", NULL };
	Violation accepted = violation_new("I7", "read-scratch", -1);
	accepted.documented = true;
	outcome_add(outcome, &found);
	outcome_add(outcome, &accepted);
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
	g_test_add_func("/policy/foreseen", test_foreseen);
	g_test_add_func("/policy/random", test_random);
	g_test_add_func("/outcome/text", test_outcome_text);
	return g_test_run();
}
