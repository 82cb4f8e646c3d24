// SPDX-License-Identifier: GPL-2.0-only
/*
 * A toy machine for the tests of policies: shared cells, cmpxchg, locks, spins, branches on what was
 * read, memory behind the cells, and shootdowns of cached values that wait for everybody's
 * interrupt.  Its programs and a brute-force enumerator are in toy-programs.h.
 *
 * A value that is not 0 is a frame.  Three properties are judged at every event: a frame is
 * not freed while a cell has it or a vCPU caches it (I6); what an actor has put into a cell is its
 * own once it returns, and nobody replaces it (I2) or reads something else there (I7).
 */
#pragma once

#include <string.h>

#include "schedule/policy.h"

enum { CELLS = 3, FRAMES = 3, LOCKS = 2, MAX_OPS = 6 };

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
	OP_LOAD,	/* event: read the frame that a cell has, through the vCPU's cache of the cell; 0 is
			 * scratch, which many may have … */
	OP_STORE,	/* … put @a there */
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
	guint8 memory[FRAMES];		/* what frames 0, 1, … contain */
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

static bool is_data(OpKind kind)
{
	return kind == OP_LOAD || kind == OP_STORE;
}

/* The frame that @actor gets to by @cell now. */
static int reached_frame(const State *state, int actor, int cell)
{
	guint8 cached = state->cache[actor][cell];

	return (cached ? cached - 1 : state->cells[cell]) % FRAMES;
}

/* By cell instead of by frame: to see that one frame may be behind two cells. */
static bool data_by_cell;

/* What the cell has, and what the vCPU has cached of it, decide where it goes. */
static const Footprint *data_footprint(const State *state, const Op *op, int actor)
{
	guint frame = reached_frame(state, actor, op->cell);
	const Touch touches[] = {
		{ object_of(OBJECT_PTE, op->cell), TOUCH_READ },
		{ object_of(OBJECT_TLB, actor), TOUCH_WRITE },
		{ object_of(OBJECT_OWNER, op->cell), TOUCH_READ },
		{ object_of(OBJECT_DATA, data_by_cell ? op->cell : frame),
		  op->kind == OP_LOAD ? TOUCH_READ : TOUCH_WRITE },
	};

	return footprint_new(touches, G_N_ELEMENTS(touches));
}

static const Footprint *footprint(const State *state, const Op *op, int actor)
{
	switch (op->kind) {
	case OP_READ:
	case OP_SPIN:
	case OP_CRASH:
		return one(OBJECT_PTE, op->cell, TOUCH_READ);
	case OP_CACHED:
		return cached_footprint(op, actor);
	case OP_LOAD:
	case OP_STORE:
		return data_footprint(state, op, actor);
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

	return (op->kind == OP_CACHED || is_data(op->kind)) && cached && cached != state->cells[op->cell] + 1;
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
			ret->pending[i] = footprint(state, op, i);
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

static void use_frame(State *state, int actor, const Op *op, GHashTable *violations)
{
	int frame = reached_frame(state, actor, op->cell);

	load_cached(state, actor, op->cell, violations);
	if (op->kind == OP_LOAD)
		note(state, actor, state->memory[frame]);
	else
		state->memory[frame] = op->a;
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
	const Footprint *done = thread == actor ? footprint(state, op, actor)
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
	case OP_LOAD:
	case OP_STORE:
		use_frame(state, actor, op, violations);
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
	for (int i = 0; i < FRAMES; i++)
		g_string_append_printf(text, "%d ", state->memory[i]);
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
