// SPDX-License-Identifier: GPL-2.0-only
#include "explore/shorten.h"

#include <string.h>

#include "util/error.h"

/* Decisions of one thread, one after another. */
typedef struct {
	guint start, n;
} Block;

typedef struct {
	Smallest smallest;
	GArray *threads;	/* guint8: who decides in it */
	int max_schedules;
} Shortener;

/* Who decides in the smallest, which is @outcome. */
static void note_threads(Shortener *shortener, const Outcome *outcome)
{
	g_array_set_size(shortener->threads, 0);
	for (int i = 0; i < shortener->smallest.found.events; i++) {
		guint8 thread = outcome_step(outcome, i)->thread;

		g_array_append_val(shortener->threads, thread);
	}
}

static guint8 thread_at(const Shortener *shortener, guint at)
{
	return g_array_index(shortener->threads, guint8, at);
}

static GArray *blocks_of(const Shortener *shortener)
{
	GArray *blocks = g_array_new(FALSE, FALSE, sizeof(Block));

	for (guint i = 0; i < shortener->threads->len; i++) {
		Block made = { i, 1 };

		if (i && !thread_switches(thread_at(shortener, i - 1), thread_at(shortener, i)))
			g_array_index(blocks, Block, blocks->len - 1).n++;
		else
			g_array_append_val(blocks, made);
	}
	return blocks;
}

static const Block *block_at(const GArray *blocks, guint at)
{
	return &g_array_index(blocks, Block, at);
}

static void add_block(const Shortener *shortener, Plan *plan, const Block *block)
{
	g_byte_array_append(plan->prefix, (const guint8 *)shortener->threads->data + block->start, block->n);
}

/* With block @from where block @to is, the others in order. */
static Plan *plan_moved(const Shortener *shortener, const GArray *blocks, guint from, guint to)
{
	Plan *plan = plan_new(NULL, 0, REST_STAY);

	for (guint i = 0; i < blocks->len; i++) {
		if (i == from)
			continue;
		if (i == to && from > to) {
			add_block(shortener, plan, block_at(blocks, i));
			add_block(shortener, plan, block_at(blocks, from));
		} else if (i == to) {
			add_block(shortener, plan, block_at(blocks, from));
			add_block(shortener, plan, block_at(blocks, i));
		} else {
			add_block(shortener, plan, block_at(blocks, i));
		}
	}
	return plan;
}

/* The next block of the thread that block @at is of; -1: none. */
static int next_of_same(const Shortener *shortener, const GArray *blocks, guint at)
{
	guint8 thread = thread_at(shortener, block_at(blocks, at)->start);

	for (guint i = at + 1; i < blocks->len; i++)
		if (!thread_switches(thread, thread_at(shortener, block_at(blocks, i)->start)))
			return (int)i;
	return -1;
}

/* With block @at shorter by its last @less decisions; its thread's next block begins with those. */
static Plan *plan_trimmed(const Shortener *shortener, const GArray *blocks, guint at, guint less)
{
	Plan *plan = plan_new(NULL, 0, REST_STAY);
	int next = next_of_same(shortener, blocks, at);
	const Block *trimmed = block_at(blocks, at);
	const Block kept = { trimmed->start, trimmed->n - less }, tail = { kept.start + kept.n, less };

	for (guint i = 0; i < blocks->len; i++) {
		if ((int)i == next)
			add_block(shortener, plan, &tail);
		add_block(shortener, plan, i == at ? &kept : block_at(blocks, i));
	}
	return plan;
}

/* Run @plan; *@ret_better: it is, and is the best from now on. */
static bool try(Shortener *shortener, Plan *plan, bool *ret_better, GError **error)
{
	g_autoptr(Outcome) outcome = NULL;

	*ret_better = false;
	if (shortener->smallest.found.executed >= shortener->max_schedules)
		return true;
	outcome = run_plan(shortener->smallest.session, plan, error);
	if (!outcome)
		return false;
	shortener->smallest.found.executed++;
	*ret_better = smallest_consider(&shortener->smallest, outcome);
	if (*ret_better)
		note_threads(shortener, outcome);
	return true;
}

/* Two blocks of one thread put together. */
static bool merge(Shortener *shortener, const GArray *blocks, bool *ret_better, GError **error)
{
	*ret_better = false;
	for (guint i = 0; i < blocks->len; i++) {
		int next = next_of_same(shortener, blocks, i);

		for (int forth = 0; next >= 0 && forth < 2; forth++) {
			g_autoptr(Plan) plan = plan_moved(shortener, blocks, forth ? i : (guint)next,
							  forth ? (guint)next : i);

			if (!try(shortener, plan, ret_better, error))
				return false;
			if (*ret_better)
				return true;
		}
	}
	return true;
}

/* A block that ends earlier, by half of it, a quarter, … down to one decision. */
static bool trim(Shortener *shortener, const GArray *blocks, bool *ret_better, GError **error)
{
	*ret_better = false;
	for (guint i = 0; i + 1 < blocks->len; i++)
		for (guint less = block_at(blocks, i)->n / 2; less; less /= 2) {
			g_autoptr(Plan) plan = plan_trimmed(shortener, blocks, i, less);

			if (!try(shortener, plan, ret_better, error))
				return false;
			if (*ret_better)
				return true;
		}
	return true;
}

/* One that is better; *@ret_done: there is none, or it is enough. */
static bool improve(Shortener *shortener, bool *ret_done, GError **error)
{
	g_autoptr(GArray) blocks = blocks_of(shortener);
	bool better;

	if (!merge(shortener, blocks, &better, error) ||
	    (!better && !trim(shortener, blocks, &better, error)))
		return false;
	*ret_done = !better;
	return true;
}

bool shorten(Session *session, const Schedule *schedule, int max_schedules, Schedule **ret,
	     Minimum *ret_minimum, GError **error)
{
	g_autoptr(GArray) threads = g_array_new(FALSE, FALSE, sizeof(guint8));
	Shortener shortener = { .threads = threads, .max_schedules = max_schedules };
	g_autoptr(Outcome) outcome = NULL;
	bool done = false, ok = true;

	if (!smallest_begin(&shortener.smallest, session, schedule, &outcome, error))
		return false;
	note_threads(&shortener, outcome);
	while (ok && !done)
		ok = improve(&shortener, &done, error);
	if (ok) {
		*ret = g_steal_pointer(&shortener.smallest.best);
		*ret_minimum = shortener.smallest.found;
	}
	smallest_clear(&shortener.smallest);
	return ok;
}
