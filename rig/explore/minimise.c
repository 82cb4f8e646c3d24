// SPDX-License-Identifier: GPL-2.0-only
#include "explore/minimise.h"

#include <string.h>

#include "schedule/policy.h"
#include "util/error.h"
#include "util/progress.h"

typedef struct {
	Session *session;
	const char *invariant;
	int max_schedules;
	Schedule *best;		/* cut behind the event that violates */
	Minimum found;
	Progress progress;
} Minimiser;

/* The schedule up to the violation; all of it, if that was seen at the end only. */
static Schedule *cut_schedule(const Session *session, const Outcome *outcome)
{
	Schedule *schedule = run_decisions(session, outcome);

	if (outcome->event >= 0)
		schedule_cut(schedule, outcome->event + 1);
	return schedule;
}

static void consider(Minimiser *minimiser, const Outcome *outcome)
{
	if (g_strcmp0(outcome->violates, minimiser->invariant) != 0)
		return;
	g_autoptr(Schedule) schedule = cut_schedule(minimiser->session, outcome);
	int switches = schedule_switches(schedule), events = schedule->decisions->len;
	if (switches > minimiser->found.switches ||
	    (switches == minimiser->found.switches && events >= minimiser->found.events))
		return;
	g_clear_pointer(&minimiser->best, schedule_free);
	minimiser->best = g_steal_pointer(&schedule);
	minimiser->found.switches = switches;
	minimiser->found.events = events;
}

/* All schedules with at most @switches; *@ret_all: the limit did not cut it short. */
static bool search(Minimiser *minimiser, int switches, bool *ret_all, GError **error)
{
	g_autoptr(Policy) policy = policy_dfs_new(BOUND_SWITCHES, switches);
	Plan *next;

	*ret_all = false;
	while (minimiser->found.executed < minimiser->max_schedules) {
		g_autoptr(Plan) plan = next = policy->next(policy);

		*ret_all = next == NULL;
		if (!next)
			return true;
		g_autoptr(Outcome) outcome = run_plan(minimiser->session, plan, error);
		if (!outcome)
			return false;
		policy->learn(policy, outcome);
		minimiser->found.executed++;
		consider(minimiser, outcome);
		if (progress_due(&minimiser->progress))
			progress_show("%d schedules, at most %d switches; so far %d switches, %d events",
				      minimiser->found.executed, switches, minimiser->found.switches,
				      minimiser->found.events);
	}
	return true;
}

bool minimise(Session *session, const Schedule *schedule, int max_schedules, Schedule **ret,
	      Minimum *ret_minimum, GError **error)
{
	g_autofree char *diverged = NULL;
	g_autoptr(Outcome) outcome = run_schedule(session, schedule, &diverged, error);

	if (!outcome)
		return false;
	if (diverged || !outcome->violates) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the schedule violates nothing here%s%s; explore again",
			    diverged ? ": " : "", diverged ? diverged : "");
		return false;
	}
	Minimiser minimiser = {
		.session = session, .invariant = outcome->violates,
		.max_schedules = max_schedules, .found = { .switches = G_MAXINT },
		.progress = progress_begin(),
	};
	consider(&minimiser, outcome);
	/* A level is searched to its end, for the fewest events among its schedules. */
	bool all = true, ok = true;
	for (int bound = 0; ok && all && bound <= minimiser.found.switches; bound++)
		ok = search(&minimiser, bound, &all, error);
	progress_end();
	minimiser.found.proven = all;
	g_autoptr(Schedule) best = minimiser.best;
	if (!ok)
		return false;
	*ret = g_steal_pointer(&best);
	*ret_minimum = minimiser.found;
	return true;
}
