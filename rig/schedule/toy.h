// SPDX-License-Identifier: GPL-2.0-only
/*
 * A toy machine, its programs and a brute-force enumerator, for the tests of policies: shared
 * cells, cmpxchg, locks, spins, branches on what was read, and shootdowns of cached
 * values that wait for everybody's interrupt.
 *
 * A value that is not 0 is a frame.  Three properties are judged at every event: a frame is
 * not freed while a cell has it or a vCPU caches it (I6); what an actor has put into a cell is its
 * own once it returns, and nobody replaces it (I2) or reads something else there (I7).
 */
#pragma once

#include <string.h>

#include "schedule/policy.h"

enum { CELLS = 3, LOCKS = 2, MAX_OPS = 6, PROGRAMS = 400, MAX_PATHS = 60000 };

typedef enum {
	OP_END,
	OP_READ, OP_WRITE, OP_CMPXCHG,	/* events on a cell */
	OP_CACHED,	/* event: read a cell through the vCPU's own cache of it */
	OP_FREE,	/* event: frame @a goes back to the allocator */
	OP_ALLOC,	/* event: note which frame the allocator has on top */
	OP_LOCK,	/* event, once the lock is free */
	OP_SPIN,	/* event, once the cell is @a */
	OP_MASK,	/* event: no interrupts until the next unlock */
	OP_UNLOCK,	/* local from here on: they go with the event before */
	OP_SKIP,	/* branch: skip @b operations if the last value read is @a */
	OP_RETURN,	/* what this actor has put into cells is its own now */
	OP_FLUSH,	/* interrupt all the others, wait until they have served it */
	N_OPS,
	OP_CRASH = N_OPS,	/* event: read a cell, and nobody goes on */
	OP_CALL,	/* event: note that it succeeded, or that it failed */
} OpKind;

typedef struct {
	guint8 kind, cell, a, b;
} Op;

typedef struct {
	int actors;
	int failures;		/* calls, and attempts at a lock that somebody holds, that may fail */
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
	guint8 top;			/* the frame freed last and not allocated since */
	guint8 by[CELLS], owned[CELLS];	/* who put there what is there: 0 or actor + 1; told so */
	guint8 installed[3];		/* cells this actor has put something into since it returned */
	guint8 returned[3];		/* … by the step at hand, which has returned */
	guint8 failed;			/* so many have */
} State;

static bool is_event(OpKind kind)
{
	return (kind >= OP_READ && kind <= OP_MASK) || kind >= OP_CRASH;
}

static void settle_return(State *state, int actor)
{
	for (int i = 0; i < CELLS; i++)
		if (state->by[i] == actor + 1)
			state->owned[i] = 1;
	state->returned[actor] |= state->installed[actor];
	state->installed[actor] = 0;
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
		if (op->kind == OP_RETURN)
			settle_return(state, actor);
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

/* As they were before the checks' reads were in them: to see that it matters. */
static bool without_reads;

static const Footprint *one(ObjectKind kind, int index, TouchLevel level)
{
	return footprint_new(&(Touch){ object_of(kind, index), level }, 1);
}

static const Footprint *two(Object first, TouchLevel level, Object second)
{
	const Touch touches[] = { { first, level }, { second, TOUCH_WRITE } };

	return footprint_new(touches, G_N_ELEMENTS(touches));
}

static const Footprint *free_footprint(void)
{
	const Touch touches[] = {
		{ object_of(OBJECT_ALLOCATOR, 0), TOUCH_WRITE },
		{ object_of(OBJECT_PTE, OBJECT_EACH), TOUCH_READ },
		{ object_of(OBJECT_TLB, OBJECT_EACH), TOUCH_READ },
	};

	return footprint_new(touches, without_reads ? 1 : G_N_ELEMENTS(touches));
}

static const Footprint *cached_footprint(const Op *op, int actor)
{
	const Touch touches[] = {
		{ object_of(OBJECT_PTE, op->cell), TOUCH_READ },
		{ object_of(OBJECT_TLB, actor), TOUCH_WRITE },
		{ object_of(OBJECT_OWNER, op->cell), TOUCH_READ },
	};

	return footprint_new(touches, without_reads ? 2 : G_N_ELEMENTS(touches));
}

static const Footprint *footprint(const Op *op, int actor)
{
	switch (op->kind) {
	case OP_READ:
	case OP_SPIN:
	case OP_CRASH:
		return one(OBJECT_PTE, op->cell, TOUCH_READ);
	case OP_CACHED:
		return cached_footprint(op, actor);
	case OP_FREE:
		return free_footprint();
	case OP_ALLOC:
	case OP_CALL:
		return one(OBJECT_ALLOCATOR, 0, TOUCH_WRITE);
	case OP_LOCK:
		return one(OBJECT_LOCK, op->cell, TOUCH_ACQUIRE);
	case OP_MASK:
		return one(OBJECT_IRQ, actor, TOUCH_WRITE);
	default:
		return one(OBJECT_PTE, op->cell, TOUCH_WRITE);
	}
}

static const Footprint *irq_footprint(int actor)
{
	return two(object_of(OBJECT_IRQ, actor), TOUCH_WRITE, object_of(OBJECT_TLB, actor));
}

static const Footprint *evict_footprint(const Op *op, int actor)
{
	return two(object_of(OBJECT_PTE, op->cell), TOUCH_READ, object_of(OBJECT_TLB, actor));
}

static const Footprint *fail_footprint(const Op *op)
{
	return op->kind == OP_CALL
		? one(OBJECT_FAILURES, 0, TOUCH_WRITE)
		: two(object_of(OBJECT_LOCK, op->cell), TOUCH_READ, object_of(OBJECT_FAILURES, 0));
}

/* What is cached is not what is there: the cache may forget it or not. */
static bool is_stale(const State *state, const Op *op, int actor)
{
	guint8 cached = state->cache[actor][op->cell];

	return op->kind == OP_CACHED && cached && cached != state->cells[op->cell] + 1;
}

/* Nobody gives a lock up when nobody else can go on: that is a deadlock. */
static void observe_failures(const Program *program, const State *state, Step *ret)
{
	bool stuck = thread_set_empty(&ret->enabled);

	for (int i = 0; i < program->actors && state->failed < program->failures; i++) {
		const Op *op = &program->ops[i][state->pc[i]];
		int fail = thread_of(THREAD_FAIL, i);

		if (op->kind != OP_CALL && op->kind != OP_LOCK)
			continue;
		thread_set_add(&ret->known, fail);
		ret->pending[fail] = fail_footprint(op);
		if (op->kind == OP_CALL || (state->holder[op->cell] && !stuck))
			thread_set_add(&ret->enabled, fail);
	}
}

static void observe(const Program *program, const State *state, Step *ret)
{
	*ret = (Step){ .thread = -1 };
	for (int i = 0; i < program->actors; i++) {
		const Op *op = &program->ops[i][state->pc[i]];
		int irq = thread_of(THREAD_IRQ, i), evict = thread_of(THREAD_EVICT, i);

		if (is_event(op->kind)) {
			thread_set_add(&ret->known, i);
			ret->pending[i] = footprint(op, i);
			bool waits = op->kind == OP_LOCK ? state->holder[op->cell] != 0
				     : op->kind == OP_SPIN && state->cells[op->cell] != op->a;
			if (!waits)
				thread_set_add(&ret->enabled, i);
		}
		if (is_stale(state, op, i)) {
			thread_set_add(&ret->known, evict);
			thread_set_add(&ret->enabled, evict);
			ret->pending[evict] = evict_footprint(op, i);
		}
		if (state->pending[i]) {
			thread_set_add(&ret->known, irq);
			if (!state->masked[i])
				thread_set_add(&ret->enabled, irq);
			ret->pending[irq] = irq_footprint(i);
		}
	}
	observe_failures(program, state, ret);
	if (state->crashed)
		ret->enabled = (ThreadSet){ { 0 } };
}

static void note(State *state, int actor, guint8 value)
{
	state->last[actor] = value;
	state->seen[actor] = state->seen[actor] * 31 + value + 1;
}

/* @done, and what has happened on the way to the next event. */
static const Footprint *with_settled(const Program *program, const State *before, const State *state,
				     const Footprint *done)
{
	Touch touches[32];
	guint n = 0;

	for (; done && n < done->n; n++)
		touches[n] = done->touches[n];
	for (int i = 0; i < program->actors; i++)
		if (state->pending[i] & ~before->pending[i])
			touches[n++] = (Touch){ object_of(OBJECT_IRQ, i), TOUCH_WRITE };
	for (int i = 0; i < LOCKS; i++)
		if (state->holder[i] != before->holder[i])
			touches[n++] = (Touch){ object_of(OBJECT_LOCK, i), TOUCH_WRITE };
	for (int i = 0; i < program->actors && !without_reads; i++) {
		if (memcmp(before->cache[i], state->cache[i], CELLS))
			touches[n++] = (Touch){ object_of(OBJECT_TLB, i), TOUCH_WRITE };
		for (int cell = 0; cell < CELLS; cell++)
			if (state->returned[i] >> cell & 1) {
				touches[n++] = (Touch){ object_of(OBJECT_OWNER, cell), TOUCH_WRITE };
				touches[n++] = (Touch){ object_of(OBJECT_PTE, cell), TOUCH_READ };
			}
	}
	g_assert_cmpuint(n, <=, G_N_ELEMENTS(touches));
	return footprint_new(touches, n);
}

/* What a violation is: the property, its kind, the page, and where it was seen. */
static void violate(GHashTable *violations, const char *what, int page, const State *before, int actor)
{
	g_hash_table_add(violations, g_strdup_printf("%s page%d %d@%d", what, page, actor,
						     before->pc[actor]));
}

static void judge_free(const Program *program, const State *state, const Op *op, int actor,
		       GHashTable *violations)
{
	for (int cell = 0; cell < CELLS; cell++) {
		if (op->a && state->cells[cell] == op->a)
			violate(violations, "I6 mapped", cell, state, actor);
		for (int i = 0; i < program->actors; i++)
			if (op->a && state->cache[i][cell] == op->a + 1)
				violate(violations, "I6 cached", cell, state, actor);
	}
}

/* A store; 0 is how a cell is given up. */
static void store(State *state, int actor, int cell, guint8 value, GHashTable *violations)
{
	if (state->owned[cell] && value && value != state->cells[cell])
		violate(violations, "I2", cell, state, actor);
	if (value != state->cells[cell]) {
		state->by[cell] = value ? actor + 1 : 0;
		state->owned[cell] = 0;
		state->installed[actor] |= value ? 1u << cell : 0;
	}
	state->cells[cell] = value;
}

static void load_cached(State *state, int actor, int cell, GHashTable *violations)
{
	if (!state->cache[actor][cell])
		state->cache[actor][cell] = state->cells[cell] + 1;
	if (state->owned[cell] && state->cache[actor][cell] != state->cells[cell] + 1)
		violate(violations, "I7", cell, state, actor);
	note(state, actor, state->cache[actor][cell] - 1);
}

/* Whether nobody can go on but by giving up a lock, which nobody does then. */
static bool is_stuck(const Program *program, const State *state)
{
	Step step;

	observe(program, state, &step);
	if (!thread_set_empty(&step.enabled))
		return false;
	for (int i = 0; i < program->actors; i++) {
		const Op *op = &program->ops[i][state->pc[i]];

		if (op->kind == OP_LOCK && thread_set_has(&step.known, thread_of(THREAD_FAIL, i)))
			return true;
	}
	return false;
}

static const Footprint *fail(State *state, const Op *op, int actor)
{
	/* Who gives a lock up goes on without it. */
	note(state, actor, op->kind == OP_CALL ? 0 : 9);
	state->failed++;
	return fail_footprint(op);
}

/* What the other kinds of threads do. */
static const Footprint *other_way(State *state, const Op *op, int thread)
{
	int actor = thread_actor(thread);

	if (thread_kind(thread) == THREAD_FAIL)
		return fail(state, op, actor);
	memset(state->cache[actor], 0, CELLS);
	if (thread_kind(thread) == THREAD_EVICT)
		return evict_footprint(op, actor);
	state->pending[actor] = 0;
	return irq_footprint(actor);
}

/* One step of @thread; what it touched. */
static const Footprint *execute(const Program *program, State *state, int thread,
				GHashTable *violations)
{
	int actor = thread_actor(thread);
	const Op *op = &program->ops[actor][state->pc[actor]];
	State before = *state;
	const Footprint *done = thread == actor ? footprint(op, actor)
						: other_way(state, op, thread);

	memset(state->returned, 0, sizeof(state->returned));
	const guint8 *cell = &state->cells[op->cell];
	switch (thread == actor ? op->kind : OP_END) {
	case OP_END:
		break;
	case OP_READ:
	case OP_SPIN:
		note(state, actor, *cell);
		break;
	case OP_WRITE:
		store(state, actor, op->cell, op->a, violations);
		break;
	case OP_CMPXCHG:
		note(state, actor, *cell);
		/* One that fails is a read. */
		if (*cell != op->a)
			done = one(OBJECT_PTE, op->cell, TOUCH_READ);
		else
			store(state, actor, op->cell, op->b, violations);
		break;
	case OP_CACHED:
		load_cached(state, actor, op->cell, violations);
		break;
	case OP_FREE:
		judge_free(program, state, op, actor, violations);
		state->top = op->a;
		break;
	case OP_ALLOC:
		note(state, actor, state->top);
		state->top = 0;
		break;
	case OP_LOCK:
		state->holder[op->cell] = actor + 1;
		break;
	case OP_MASK:
		state->masked[actor] = 1;
		break;
	case OP_CALL:
		note(state, actor, 1);
		break;
	case OP_CRASH:
		state->crashed = 1;
		return footprint_everything();
	default:
		g_assert_not_reached();
	}
	state->pc[actor] += thread == actor || thread_kind(thread) == THREAD_FAIL;
	settle(program, state);
	return is_stuck(program, state) ? footprint_everything()
					: with_settled(program, &before, state, done);
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

/* @violations gets those of the schedule, too. */
static Outcome *run_and_judge(const Program *program, Plan *plan, GHashTable *violations)
{
	Outcome *outcome = outcome_new();
	State state;
	Step step;

	start(program, &state);
	plan_begin(plan);
	for (;;) {
		observe(program, &state, &step);
		int thread = thread_set_empty(&step.enabled)
			? -1 : plan_choose(plan, &step.enabled, &outcome->end);
		if (thread < 0)
			break;
		step.thread = thread;
		step.done = execute(program, &state, thread, violations);
		plan_stepped(plan, &step);
		g_array_append_val(outcome->steps, step);
	}
	if (thread_set_empty(&step.enabled))
		outcome->end = END_DONE;
	g_array_append_val(outcome->steps, step);
	outcome->final_state = final_state(program, &state);
	return outcome;
}

static GHashTable *string_set(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static Outcome *run(const Program *program, Plan *plan)
{
	g_autoptr(GHashTable) ignored = string_set();

	return run_and_judge(program, plan, ignored);
}

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
