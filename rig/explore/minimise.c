// SPDX-License-Identifier: GPL-2.0-only
#include "explore/minimise.h"

#include <string.h>

#include "schedule/policy.h"
#include "util/error.h"
#include "util/progress.h"

typedef struct {
	Smallest smallest;
	int max_schedules;
	Progress progress;
} Minimiser;

/* All schedules with at most @switches; *@ret_all: the limit did not cut it short. */
static bool search(Minimiser *minimiser, int switches, bool *ret_all, GError **error)
{
	g_autoptr(Policy) policy = policy_dfs_new(BOUND_SWITCHES, switches);
	Minimum *found = &minimiser->smallest.found;
	Plan *next;

	*ret_all = false;
	while (found->executed < minimiser->max_schedules) {
		g_autoptr(Plan) plan = next = policy->next(policy);

		*ret_all = next == NULL;
		if (!next)
			return true;
		g_autoptr(Outcome) outcome = run_plan(minimiser->smallest.session, plan, error);
		if (!outcome)
			return false;
		policy->learn(policy, outcome);
		found->executed++;
		smallest_consider(&minimiser->smallest, outcome);
		if (progress_due(&minimiser->progress))
			progress_show("%d schedules, at most %d switches; so far %d switches, %d events",
				      found->executed, switches, found->switches, found->events);
	}
	return true;
}

bool minimise(Session *session, const Schedule *schedule, int max_schedules, Schedule **ret,
	      Minimum *ret_minimum, GError **error)
{
	Minimiser minimiser = { .max_schedules = max_schedules };
	g_autoptr(Outcome) outcome = NULL;
	bool all = true, ok = true;

	if (!smallest_begin(&minimiser.smallest, session, schedule, &outcome, error))
		return false;
	Smallest *smallest = &minimiser.smallest;
	minimiser.progress = progress_begin();
	/* A level is searched to its end, for the fewest events among its schedules. */
	for (int bound = 0; ok && all && bound <= smallest->found.switches; bound++)
		ok = search(&minimiser, bound, &all, error);
	progress_end();
	smallest->found.proven = all;
	if (ok) {
		*ret = g_steal_pointer(&smallest->best);
		*ret_minimum = smallest->found;
	}
	smallest_clear(smallest);
	return ok;
}
