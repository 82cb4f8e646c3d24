// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/numbered.h"

static Plan *make(const Numbered *numbered, guint32 number)
{
	bool measure = numbered->depth && number == 0;
	Plan *plan = plan_new(NULL, 0, measure ? REST_STAY : numbered->rest);

	plan->seed = numbered->seed;
	plan->number = number;
	plan->depth = numbered->depth;
	plan->length = numbered->length;
	return plan;
}

static Plan *numbered_next(Policy *policy)
{
	Numbered *numbered = (Numbered *)policy;

	return make(numbered, numbered->number++);
}

static bool numbered_learn(Policy *policy, const Outcome *outcome)
{
	Numbered *numbered = (Numbered *)policy;

	if (numbered->number == 1)
		numbered->length = outcome_length(outcome);
	return true;
}

static guint numbered_foresee(Policy *policy, PolicyKnown *known, gpointer data, Plan **ret,
			      guint n)
{
	Numbered *numbered = (Numbered *)policy;
	guint found = 0;

	if (!numbered->length)
		return 0;
	for (guint i = 0; found < n; i++) {
		g_autoptr(Plan) plan = make(numbered, numbered->number + i);

		if (!known(data, plan))
			ret[found++] = g_steal_pointer(&plan);
	}
	return found;
}

static void numbered_free(Policy *policy)
{
	g_free(policy);
}

Numbered *numbered_new(const char *name, PlanRest rest, guint32 seed)
{
	Numbered *numbered = g_new0(Numbered, 1);

	numbered->policy = (Policy){
		.name = name, .next = numbered_next, .learn = numbered_learn,
		.foresee = numbered_foresee, .free = numbered_free,
	};
	numbered->rest = rest;
	numbered->seed = seed;
	return numbered;
}
