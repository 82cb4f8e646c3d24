// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/plan.h"

#include <string.h>

Plan *plan_new(const guint8 *prefix, guint n, PlanRest rest)
{
	Plan *plan = g_new0(Plan, 1);

	plan->prefix = g_byte_array_new();
	if (n)
		g_byte_array_append(plan->prefix, prefix, n);
	plan->rest = rest;
	return plan;
}

Plan *plan_copy(const Plan *plan)
{
	Plan *copy = plan_new(plan->prefix->data, plan->prefix->len, plan->rest);

	copy->sleep = plan->sleep;
	memcpy(copy->touched, plan->touched, sizeof(copy->touched));
	copy->seed = plan->seed;
	copy->number = plan->number;
	copy->depth = plan->depth;
	copy->length = plan->length;
	return copy;
}

void plan_free(Plan *plan)
{
	if (!plan)
		return;
	g_byte_array_unref(plan->prefix);
	g_clear_pointer(&plan->rand, g_rand_free);
	g_clear_pointer(&plan->changes, g_array_unref);
	g_free(plan);
}

char *plan_key(const Plan *plan)
{
	GString *key = g_string_new(NULL);

	g_string_append_printf(key, "%d/%u/%u/%d/%d/", plan->rest, plan->seed, plan->number,
			       plan->depth, plan->length);
	thread_set_foreach(thread, &plan->sleep) {
		g_autofree char *name = thread_name(thread);
		g_string_append_printf(key, "%s:%s/", name, footprint_text(plan->touched[thread]));
	}
	for (guint i = 0; i < plan->prefix->len; i++) {
		g_autofree char *name = thread_name(plan->prefix->data[i]);
		g_string_append(key, name);
	}
	return g_string_free(key, FALSE);
}

/* Burckhardt et al.: random distinct priorities, d - 1 random change points. */
static void begin_pct(Plan *plan)
{
	int first = thread_of(THREAD_FAIL, 0);

	g_clear_pointer(&plan->changes, g_array_unref);
	plan->changes = g_array_new(FALSE, FALSE, sizeof(int));
	for (int i = 0; i < first; i++)
		plan->priority[i] = plan->depth + i;
	for (int i = first - 1; i > 0; i--) {
		int other = g_rand_int_range(plan->rand, 0, i + 1);
		gint32 mine = plan->priority[i];

		plan->priority[i] = plan->priority[other];
		plan->priority[other] = mine;
	}
	for (int i = 1; i < plan->depth; i++) {
		int at = g_rand_int_range(plan->rand, 0, MAX(plan->length, 1));
		g_array_append_val(plan->changes, at);
	}
	/* Among the others, and without a say in their order: nobody may fail in most explorations. */
	for (int i = first; i < MAX_THREADS; i++) {
		int rank = plan->depth + g_rand_int_range(plan->rand, 0, i + 1);

		for (int other = 0; other < i; other++)
			plan->priority[other] += plan->priority[other] >= rank;
		plan->priority[i] = rank;
	}
}

void plan_begin(Plan *plan)
{
	plan->step = 0;
	plan->asleep = plan->prefix->len ? (ThreadSet){ { 0 } } : plan->sleep;
	plan->last = -1;
	if (plan->rest != REST_RANDOM && plan->rest != REST_PCT)
		return;
	g_clear_pointer(&plan->rand, g_rand_free);
	plan->rand = g_rand_new_with_seed_array((guint32[]){ plan->seed, plan->number }, 2);
	if (plan->rest == REST_PCT)
		begin_pct(plan);
}

static int choose_random(Plan *plan, const ThreadSet *enabled)
{
	int nth = g_rand_int_range(plan->rand, 0, thread_set_size(enabled));
	int thread = thread_set_next(enabled, -1);

	while (nth--)
		thread = thread_set_next(enabled, thread);
	return thread;
}

static int choose_pct(Plan *plan, const ThreadSet *enabled)
{
	int best = -1;

	thread_set_foreach(thread, enabled)
		if (best < 0 || plan->priority[thread] > plan->priority[best])
			best = thread;
	for (guint i = 0; i < plan->changes->len; i++) {
		if (g_array_index(plan->changes, int, i) != (int)plan->step)
			continue;
		/* The i-th change point gives a priority below all the initial ones. */
		g_array_index(plan->changes, int, i) = -1;
		plan->priority[best] = plan->depth - 1 - (int)i;
		return choose_pct(plan, enabled);
	}
	return best;
}

int plan_choose(Plan *plan, const ThreadSet *enabled, OutcomeEnd *ret_end)
{
	if (plan->step < plan->prefix->len) {
		int thread = plan->prefix->data[plan->step];

		*ret_end = END_REFUSED;
		return thread_set_has(enabled, thread) ? thread : -1;
	}
	*ret_end = plan->rest == REST_STOP ? END_STOPPED : END_ASLEEP;
	ThreadSet awake = thread_set_without(*enabled, &plan->asleep);
	if (plan->rest == REST_STOP || thread_set_empty(&awake))
		return -1;
	if (plan->rest == REST_RANDOM)
		return choose_random(plan, &awake);
	if (plan->rest == REST_PCT)
		return choose_pct(plan, &awake);
	int stay = plan->last >= 0 && thread_kind(plan->last) != THREAD_IRQ
		? thread_of(THREAD_ACTOR, thread_actor(plan->last)) : plan->last;
	return stay >= 0 && thread_set_has(&awake, stay) ? stay : thread_set_next(&awake, -1);
}

/* Whoever sleeps and has gone on in another way stands somewhere else now. */
ThreadSet plan_sleep_after(const ThreadSet *asleep, const Footprint *const *touched,
			   const Step *step)
{
	ThreadSet ret = { { 0 } };

	thread_set_foreach(thread, asleep)
		if (thread_switches(thread, step->thread) &&
		    !footprint_dependent(step->pending[thread], step->done) &&
		    !footprint_dependent(touched[thread], step->done))
			thread_set_add(&ret, thread);
	return ret;
}

/* Who sleeps behind the plan's next step, which is @step. */
static ThreadSet asleep_after(const Plan *plan, const Step *step)
{
	if (plan->step + 1 < plan->prefix->len)
		return plan->asleep;
	return plan_sleep_after(plan->step + 1 == plan->prefix->len ? &plan->sleep : &plan->asleep,
				plan->touched, step);
}

bool plan_is_open_after(const Plan *plan, const Step *step)
{
	ThreadSet asleep = asleep_after(plan, step);

	return plan->step + 1 >= plan->prefix->len && thread_set_empty(&asleep);
}

void plan_stepped(Plan *plan, const Step *step)
{
	plan->asleep = asleep_after(plan, step);
	plan->last = step->thread;
	plan->step++;
}
