// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic partial-order reduction: Flanagan and Godefroid, "Dynamic
 * partial-order reduction for model checking software", POPL 2005, with the
 * sleep sets of Godefroid's thesis (LNCS 1032).  Where two events of different
 * threads are in a race, the order not seen yet is asked for at the earlier one: of somebody
 * who can go first in it, unless one of those has been asked (the source sets of Abdulla,
 * Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction", POPL 2014).  The rule
 * of 2005, to take the later event's own thread where it is enabled, loses orders behind a
 * thread that is asleep.
 *
 * Under a preemption bound: Coons, Musuvathi, McKinley, "Bounded partial-order
 * reduction", OOPSLA 2013: the same is also asked for where the earlier
 * thread's block began, since switching there may cost less; no sleep sets.
 *
 * Where the first decisions are split among machines, backtrack points in them come from subtrees
 * that are explored elsewhere.  So they are expanded in full, which sleep sets alone keep from being
 * redundant: a child sleeps on its elder siblings, with what their first steps touched when
 * they were executed.  Under a bound there are no sleep sets, and no split.  How large a subtree is
 * nobody knows before; see weight_below() for what is taken for it.
 *
 * A schedule cut because its state came again says nothing of what lies behind:
 * every state on such a cycle is expanded in full (the cycle proviso; Holzmann,
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

/* @clock of a thread, and what of the first @n steps its next one depends on: it touches @a and @b. */
static Clock clock_of(const Outcome *outcome, const Order *order, const Clock *clock,
		      const Footprint *a, const Footprint *b, guint n)
{
	Clock ret = *clock;

	for (guint i = n; i-- > 0;) {
		const Step *before = outcome_step(outcome, i);

		if (ret.at[before->thread] <= i &&
		    (footprint_dependent(before->done, a) || footprint_dependent(before->done, b)))
			clock_join(&ret, &g_array_index(order->steps, Clock, i));
	}
	return ret;
}

/* Account for step @k. */
static void order_step(Order *order, const Outcome *outcome, guint k)
{
	const Step *step = outcome_step(outcome, k);
	Clock *clock = &order->thread[step->thread];

	*clock = clock_of(outcome, order, clock, step->done, NULL, k);
	clock->at[step->thread] = k + 1;
	g_array_append_val(order->steps, *clock);
	thread_twins_foreach(twin, step->thread)
		clock_join(&order->thread[twin], clock);
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

/*
 * Who can go first if step @at is to come after what @thread does next at state @now, whose clock
 * is @next: the initials of the steps in between that do not happen after it (Abdulla et al.).
 */
static ThreadSet initials(const Outcome *outcome, const Order *order, const Clock *next, guint at,
			  int thread, guint now)
{
	int turned = outcome_step(outcome, at)->thread;
	guint first[MAX_THREADS];	/* of those steps, by thread */
	ThreadSet ret = { { 0 } }, seen = { { 0 } };

	for (guint i = at + 1; i <= now; i++) {
		const Clock *clock = i < now ? &g_array_index(order->steps, Clock, i) : next;
		int mover = i < now ? outcome_step(outcome, i)->thread : thread;
		bool after = i < now && clock->at[turned] > at, is_first = true;

		if (after || thread_set_has(&seen, mover))
			continue;
		thread_set_foreach(other, &seen)
			is_first &= clock->at[other] <= first[other];
		first[mover] = i;
		thread_set_add(&seen, mover);
		if (is_first)
			thread_set_add(&ret, mover);
	}
	return ret;
}

/* Have step @at come after what @thread does next at state @now. */
static void reverse(Search *search, const Outcome *outcome, const Order *order, const Clock *next,
		    guint at, int thread, guint now)
{
	const Node *node = search_node(search, at);
	ThreadSet first = initials(outcome, order, next, at, thread, now);
	ThreadSet wanted = thread_set_common(first, &node->wanted);
	ThreadSet able = thread_set_common(first, &node->step.enabled);

	if (!thread_set_empty(&wanted))
		return;
	if (thread_set_has(&able, thread))
		search_want(search, at, thread);
	else if (!thread_set_empty(&able))
		search_want(search, at, thread_set_next(&able, -1));
	else
		want_enabled(search, at);
}

/* With a bound whoever can go first may be out of it: ask for @thread or, where it cannot go on, all. */
static void reverse_bounded(Search *search, guint at, int thread)
{
	if (thread_set_has(&search_node(search, at)->step.enabled, thread))
		search_want(search, at, thread);
	else
		want_enabled(search, at);
}

static guint block_start(const Outcome *outcome, guint at)
{
	while (at && !thread_switches(outcome_step(outcome, at - 1)->thread,
				      outcome_step(outcome, at)->thread))
		at--;
	return at;
}

/*
 * The steps that race with what @thread does next at state @now.  One that could have come after
 * it as it is hides those that happen before it.  Where @thread could not go on yet, it may
 * have waited for that very step (a lock that is let go, one of many vCPUs whose TLB it shoots
 * down): a race that never turns round must not hide others.
 */
static void find_races(Search *search, const Outcome *outcome, const Order *order, int thread,
		       guint now)
{
	const Step *state = outcome_step(outcome, now);
	const Footprint *pending = state->pending[thread];
	/* Of the step that was taken more is known than could be seen before. */
	const Footprint *more = state->thread == thread ? state->done : NULL;
	Clock clock = order->thread[thread], next = clock_of(outcome, order, &clock, pending, more, now);

	for (guint i = now; i-- > 0;) {
		const Step *step = outcome_step(outcome, i);

		if (step->thread == thread || clock.at[step->thread] > i ||
		    !(footprint_race(step->done, pending) || footprint_race(step->done, more)))
			continue;
		if (thread_set_has(&step->enabled, thread))
			clock_join(&clock, &g_array_index(order->steps, Clock, i));
		if (search->kind == BOUND_NONE) {
			reverse(search, outcome, order, &next, i, thread, now);
		} else {
			reverse_bounded(search, i, thread);
			reverse_bounded(search, block_start(outcome, i), thread);
		}
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
			find_races(search, outcome, order, thread, k);
		if (k < n)
			order_step(order, outcome, k);
	}
	if (outcome->end == END_CYCLE)
		for (guint k = outcome->cycle; k < n; k++)
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

Policy *policy_dpor_split_new(guint depth, const bool *here, guint parts)
{
	Policy *policy = policy_dpor_new(-1);
	Search *search = (Search *)policy;

	search->split = depth;
	search->here = g_memdup2(here, parts * sizeof(*here));
	search->parts = parts;
	search->weights = g_array_new(FALSE, FALSE, sizeof(double));
	return policy;
}
