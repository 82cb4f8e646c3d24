// SPDX-License-Identifier: GPL-2.0-only
#include "explore/explain.h"

#include <string.h>

static void flip_free(gpointer data)
{
	Flip *flip = data;

	outcome_free(flip->nearest);
	g_free(flip);
}

/* In whose program order @thread is: an actor is one, in whichever way it goes on. */
static int program(int thread)
{
	return thread_kind(thread) == THREAD_IRQ ? thread
						 : thread_of(THREAD_ACTOR, thread_actor(thread));
}

/* Happens-before among the first @n steps, as a matrix: [i * n + j]. */
static bool *happens_before(const Outcome *outcome, guint n)
{
	bool *before = g_new0(bool, n * n);

	for (guint j = 0; j < n; j++)
		for (guint i = j; i-- > 0;) {
			const Step *a = outcome_step(outcome, i), *b = outcome_step(outcome, j);

			before[i * n + j] = program(a->thread) == program(b->thread) ||
					    footprint_dependent(a->done, b->done);
			for (guint k = i + 1; k < j && !before[i * n + j]; k++)
				before[i * n + j] = before[i * n + k] && before[k * n + j];
		}
	return before;
}

/* An edge of happens-before that can be turned round. */
static bool is_order(const Outcome *outcome, const bool *before, guint n, guint i, guint j)
{
	const Step *a = outcome_step(outcome, i), *b = outcome_step(outcome, j);

	if (program(a->thread) == program(b->thread) || !footprint_race(a->done, b->done))
		return false;
	for (guint k = i + 1; k < j; k++)
		if (before[i * n + k] && before[k * n + j])
			return false;
	return true;
}

static void append_thread(GByteArray *threads, const Outcome *outcome, guint step)
{
	g_byte_array_append(threads, &(guint8){ outcome_step(outcome, step)->thread }, 1);
}

/* @outcome's threads with step @j before step @i; @ret_fixed: up to there it must be so. */
static GByteArray *turn_round(const Outcome *outcome, const bool *before, guint n, guint i, guint j,
			      guint *ret_fixed)
{
	GByteArray *threads = g_byte_array_new();

	for (guint k = 0; k < i; k++)
		append_thread(threads, outcome, k);
	for (guint k = i + 1; k < j; k++)
		if (!before[i * n + k])
			append_thread(threads, outcome, k);
	append_thread(threads, outcome, j);
	*ret_fixed = threads->len;
	append_thread(threads, outcome, i);
	for (guint k = i + 1; k < outcome_length(outcome); k++)
		if (k > j || (k < j && before[i * n + k]))
			append_thread(threads, outcome, k);
	return threads;
}

/*
 * Run @threads as far as each can go on when its turn comes; who cannot is passed over
 * until later.  *@ret is NULL when the first @fixed cannot be.
 */
static bool run_nearest(Session *session, GByteArray *threads, guint fixed, Outcome **ret,
			GError **error)
{
	for (;;) {
		g_autoptr(Plan) plan = plan_new(threads->data, threads->len, REST_STAY);
		g_autoptr(Outcome) outcome = run_plan(session, plan, error);
		guint at, next;

		*ret = NULL;
		if (!outcome)
			return false;
		if (outcome->end != END_REFUSED) {
			*ret = g_steal_pointer(&outcome);
			return true;
		}
		at = outcome_length(outcome);
		if (at < fixed)
			return true;
		const ThreadSet *enabled = &outcome_step(outcome, at)->enabled;
		for (next = at + 1; next < threads->len; next++)
			if (thread_set_has(enabled, threads->data[next]))
				break;
		if (next < threads->len) {
			guint8 thread = threads->data[next];
			memmove(threads->data + at + 1, threads->data + at, next - at);
			threads->data[at] = thread;
		} else {
			g_byte_array_set_size(threads, at);
		}
	}
}

/* All other choices behind @fixed steps of @outcome. */
static void add_branches(GQueue *queue, const Outcome *outcome, guint fixed)
{
	for (guint i = fixed; i < outcome_length(outcome); i++) {
		const Step *step = outcome_step(outcome, i);

		thread_set_foreach(thread, &step->enabled) {
			if (thread == step->thread)
				continue;
			GByteArray *prefix = g_byte_array_new();
			for (guint k = 0; k < i; k++)
				append_thread(prefix, outcome, k);
			g_byte_array_append(prefix, &(guint8){ thread }, 1);
			g_queue_push_tail(queue, prefix);
		}
	}
}

static void free_prefix(gpointer data)
{
	g_byte_array_unref(data);
}

/* Every schedule that begins with @prefix, those with the fewest switches first. */
static bool follow(Session *session, GByteArray *prefix, const char *invariant, int max, Flip *flip,
		   GError **error)
{
	GQueue queue = G_QUEUE_INIT;
	bool ok = true;

	g_queue_push_tail(&queue, g_byte_array_ref(prefix));
	while (ok && !g_queue_is_empty(&queue) && flip->executed < max) {
		g_autoptr(GByteArray) next = g_queue_pop_head(&queue);
		g_autoptr(Plan) plan = plan_new(next->data, next->len, REST_STAY);
		g_autoptr(Outcome) outcome = run_plan(session, plan, error);

		ok = outcome != NULL;
		if (!ok)
			break;
		flip->executed++;
		flip->violating += outcome_violates(outcome, invariant);
		add_branches(&queue, outcome, next->len);
	}
	flip->all = g_queue_is_empty(&queue);
	g_queue_clear_full(&queue, free_prefix);
	return ok;
}

static Flip *flip_new(Session *session, const Outcome *outcome, const bool *before, guint n, guint i,
		      guint j, int max, GError **error)
{
	Flip *flip = g_new0(Flip, 1);
	guint fixed;
	g_autoptr(GByteArray) threads = turn_round(outcome, before, n, i, j, &fixed);
	g_autoptr(GByteArray) prefix = g_byte_array_new();

	g_byte_array_append(prefix, threads->data, fixed);
	flip->first = i;
	flip->second = j;
	bool ok = run_nearest(session, threads, fixed, &flip->nearest, error);
	flip->gone = ok && flip->nearest && !outcome_violates(flip->nearest, outcome->violates);
	ok = ok && (!flip->gone || follow(session, prefix, outcome->violates, max, flip, error));
	if (ok)
		return flip;
	flip_free(flip);
	return NULL;
}

GPtrArray *explain_flips(Session *session, const Outcome *outcome, int max, GError **error)
{
	/* What comes after the violation is not its cause. */
	guint n = outcome->event >= 0 ? (guint)outcome->event + 1 : outcome_length(outcome);
	g_autofree bool *before = happens_before(outcome, n);
	g_autoptr(GPtrArray) flips = g_ptr_array_new_with_free_func(flip_free);

	for (guint i = 0; i < n; i++)
		for (guint j = i + 1; j < n; j++) {
			if (!is_order(outcome, before, n, i, j))
				continue;
			Flip *flip = flip_new(session, outcome, before, n, i, j, max, error);
			if (!flip)
				return NULL;
			g_ptr_array_add(flips, flip);
		}
	return g_steal_pointer(&flips);
}

const Flip *explain_cause(const GPtrArray *flips)
{
	const Flip *best = NULL;

	for (guint i = 0; i < flips->len; i++) {
		const Flip *flip = g_ptr_array_index(flips, i);

		/* violating / executed, without dividing */
		if (flip->gone && (!best || flip->violating * best->executed <=
						    best->violating * flip->executed))
			best = flip;
	}
	return best;
}
