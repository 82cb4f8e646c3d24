// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic partial-order reduction: Flanagan and Godefroid, "Dynamic
 * partial-order reduction for model checking software", POPL 2005, with the
 * sleep sets of Godefroid's thesis (LNCS 1032).  Where two events of different
 * threads are in a race, the order not seen yet is asked for at the earlier one.
 *
 * Under a preemption bound: Coons, Musuvathi, McKinley, "Bounded partial-order
 * reduction", OOPSLA 2013: the same is also asked for where the earlier
 * thread's block began, since switching there may cost less; no sleep sets.
 *
 * A schedule cut because its state came again says nothing of what lies behind:
 * every state on such a circle is expanded in full (the cycle proviso; Holzmann,
 * Peled, "An improvement in formal verification", FORTE 1994).
 */
#include <string.h>

#include "schedule/search.h"

/* clock[t]: how many of the first steps of the schedule, up to and including the
 * last one by t, happen before; as in the paper, indices into the schedule. */
typedef struct {
	guint at[MAX_THREADS];
} Clock;

typedef struct {
	Clock thread[MAX_THREADS];
	GArray *steps;		/* of Clock: of each step so far */
} Order;

static void clock_join(Clock *clock, const Clock *other)
{
	for (int i = 0; i < MAX_THREADS; i++)
		clock->at[i] = MAX(clock->at[i], other->at[i]);
}

/* Account for step @k. */
static void order_step(Order *order, const Outcome *outcome, guint k)
{
	const Step *step = outcome_step(outcome, k);
	Clock *clock = &order->thread[step->thread];

	for (guint i = k; i-- > 0;) {
		const Step *before = outcome_step(outcome, i);

		if (clock->at[before->thread] <= i && footprint_dependent(before->done, step->done))
			clock_join(clock, &g_array_index(order->steps, Clock, i));
	}
	clock->at[step->thread] = k + 1;
	g_array_append_val(order->steps, *clock);
	if (thread_twin(step->thread) >= 0)
		clock_join(&order->thread[thread_twin(step->thread)], clock);
	/* Whoever can go on only because of this step comes after it. */
	ThreadSet woken = thread_set_without(outcome_step(outcome, k + 1)->enabled, &step->enabled);
	thread_set_foreach(thread, &woken)
		clock_join(&order->thread[thread], clock);
}

static void want_enabled(Search *search, guint at)
{
	thread_set_foreach(thread, &search_node(search, at)->step.enabled)
		search_want(search, at, thread);
}

/* Have @thread, or whoever must go before it, go on at @at. */
static void reverse(Search *search, const Outcome *outcome, const Clock *clock, guint at,
		    int thread, guint now)
{
	const ThreadSet *enabled = &outcome_step(outcome, at)->enabled;
	ThreadSet before = { { 0 } };

	if (thread_set_has(enabled, thread)) {
		search_want(search, at, thread);
		return;
	}
	/* With a bound the paper's refinement does not hold: ask for all. */
	for (guint i = at + 1; i < now && search->kind == BOUND_NONE; i++) {
		int other = outcome_step(outcome, i)->thread;

		if (thread_set_has(enabled, other) && clock->at[other] > i)
			thread_set_add(&before, other);
	}
	ThreadSet wanted = thread_set_common(before, &search_node(search, at)->wanted);
	if (thread_set_empty(&before))
		want_enabled(search, at);
	else if (thread_set_empty(&wanted))
		search_want(search, at, thread_set_next(&before, -1));
}

static guint block_start(const Outcome *outcome, guint at)
{
	while (at && !thread_switches(outcome_step(outcome, at - 1)->thread,
				      outcome_step(outcome, at)->thread))
		at--;
	return at;
}

/* The last step that races with what @thread does next at state @now. */
static void find_race(Search *search, const Outcome *outcome, const Order *order, int thread,
		      guint now)
{
	const Step *state = outcome_step(outcome, now);
	/* Of the step that was taken more is known than could be seen before. */
	const Footprint *more = state->thread == thread ? state->done : NULL;
	const Clock *clock = &order->thread[thread];

	for (guint i = now; i-- > 0;) {
		const Step *step = outcome_step(outcome, i);

		if (step->thread == thread || clock->at[step->thread] > i ||
		    !(footprint_race(step->done, state->pending[thread]) ||
		      footprint_race(step->done, more)))
			continue;
		reverse(search, outcome, clock, i, thread, now);
		if (search->kind != BOUND_NONE)
			reverse(search, outcome, clock, block_start(outcome, i), thread, now);
		return;
	}
}

static void want_races(Search *search, const Outcome *outcome)
{
	g_autofree Order *order = g_new0(Order, 1);
	guint n = outcome_length(outcome);
	g_autoptr(GArray) steps = g_array_sized_new(FALSE, FALSE, sizeof(Clock), n);

	order->steps = steps;
	for (guint k = 0; k <= n; k++) {
		thread_set_foreach(thread, &outcome_step(outcome, k)->known)
			find_race(search, outcome, order, thread, k);
		if (k < n)
			order_step(order, outcome, k);
	}
	if (outcome->end == END_CIRCLE)
		for (guint k = outcome->circle; k < n; k++)
			want_enabled(search, k);
}

Policy *policy_dpor_new(int preemptions)
{
	Search *search = g_new0(Search, 1);

	search_init(search, "dpor", want_races,
		    preemptions < 0 ? BOUND_NONE : BOUND_PREEMPTIONS, preemptions);
	search->sleep_sets = preemptions < 0;
	return &search->policy;
}
