// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs for the toy machine, all of whose interleavings a brute-force enumerator runs.
 */
#pragma once

#include "schedule/toy.h"

enum { PROGRAMS = 400, MAX_PATHS = 60000 };

typedef struct {
	const Program *program;
	GHashTable *states, *violations;
	guint paths;
	int bound;		/* preemptions; -1: none */
} Brute;

static void brute(Brute *brute_force, const State *state, int last, int preemptions)
{
	Step step;

	if (brute_force->paths > MAX_PATHS)
		return;
	observe(brute_force->program, state, &step);
	if (thread_set_empty(&step.enabled)) {
		brute_force->paths++;
		g_hash_table_add(brute_force->states, final_state(brute_force->program, state));
		return;
	}
	thread_set_foreach(thread, &step.enabled) {
		bool preempts = last >= 0 && thread_preempts(last, thread, &step.enabled);
		State next = *state;

		if (brute_force->bound >= 0 && preemptions + preempts > brute_force->bound)
			continue;
		execute(brute_force->program, &next, thread, brute_force->violations);
		brute(brute_force, &next, thread, preemptions + preempts);
	}
}

/* All final states and violations of @program, by brute force; how many paths there are. */
static guint by_force(const Program *program, int bound, GHashTable *states, GHashTable *violations)
{
	Brute brute_force = { program, states, violations, 0, bound };
	State state;

	start(program, &state);
	brute(&brute_force, &state, -1, 0);
	return brute_force.paths;
}

static void generate(GRand *rand, Program *program)
{
	static const guint8 pages[] = { OP_WRITE, OP_CMPXCHG, OP_CACHED, OP_CACHED, OP_FREE, OP_ALLOC,
					OP_RETURN, OP_FLUSH, OP_READ };
	/* Half of the programs are about what the properties are about. */
	bool about_pages = g_rand_boolean(rand);

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

			op->kind = about_pages ? pages[g_rand_int_range(rand, 0, sizeof(pages))]
					       : g_rand_int_range(rand, OP_READ, N_OPS);
			/* Only a value cached twice can be stale. */
			if (op->kind == OP_SKIP || op->kind == OP_MASK)
				op->kind = g_rand_boolean(rand) ? op->kind : OP_CACHED;
			op->cell = g_rand_int_range(rand, 0, about_pages ? CELLS - 1 : CELLS);
			op->a = g_rand_int_range(rand, 0, 2);
			op->b = g_rand_int_range(rand, 0, 2) + (op->kind == OP_SKIP);
			if (op->kind == OP_FREE)
				op->a = 1;
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

/* The same with calls that may fail, and branches on that. */
static void generate_failing(GRand *rand, Program *program)
{
	generate(rand, program);
	program->failures = g_rand_int_range(rand, 1, 3);
	for (int i = 0; i < program->actors; i++)
		for (int j = 0; program->ops[i][j].kind != OP_END; j++) {
			Op *op = &program->ops[i][j];

			if (op->kind != OP_LOCK && op->kind != OP_UNLOCK && op->kind != OP_SKIP &&
			    g_rand_int_range(rand, 0, 3) == 0)
				op->kind = OP_CALL;
		}
}

/* The same with memory behind the cells. */
static void generate_data(GRand *rand, Program *program)
{
	generate(rand, program);
	for (int i = 0; i < program->actors; i++)
		for (int j = 0; program->ops[i][j].kind != OP_END; j++) {
			Op *op = &program->ops[i][j];

			if (op->kind == OP_WRITE)
				op->a = g_rand_int_range(rand, 0, FRAMES);
			else if ((op->kind == OP_CACHED || op->kind == OP_READ || op->kind == OP_CMPXCHG) &&
				 g_rand_int_range(rand, 0, 3))
				*op = (Op){ .kind = g_rand_boolean(rand) ? OP_LOAD : OP_STORE,
					    .cell = op->cell, .a = 5 + i };
		}
}

/* All final states a policy reaches; @ret_runs: schedules run to their ends. */
static GHashTable *explore(const Program *program, Policy *policy, guint *ret_runs,
			   GHashTable *violations)
{
	GHashTable *states = string_set();
	Plan *plan;

	*ret_runs = 0;
	while ((plan = policy->next(policy))) {
		g_autoptr(Outcome) outcome = run_and_judge(program, plan, violations);
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
