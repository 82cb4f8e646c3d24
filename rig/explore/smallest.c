// SPDX-License-Identifier: GPL-2.0-only
#include "explore/smallest.h"

#include "util/error.h"

bool smallest_consider(Smallest *smallest, const Outcome *outcome)
{
	guint n = outcome_shown_after(outcome);
	int switches = outcome_switches(outcome, n);
	Minimum *found = &smallest->found;

	if (g_strcmp0(outcome->violates, smallest->invariant) != 0 || switches > found->switches ||
	    (switches == found->switches && (int)n >= found->events))
		return false;
	g_clear_pointer(&smallest->best, schedule_free);
	smallest->best = run_decisions(smallest->session, outcome);
	schedule_cut(smallest->best, n);
	found->switches = switches;
	found->events = (int)n;
	return true;
}

bool smallest_begin(Smallest *smallest, Session *session, const Schedule *schedule, Outcome **ret,
		    GError **error)
{
	g_autofree char *diverged = NULL;
	g_autoptr(Outcome) outcome = run_schedule(session, schedule, &diverged, error);

	*smallest = (Smallest){ .session = session };
	if (!outcome)
		return false;
	if (diverged || !outcome->violates) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the schedule violates nothing here%s%s; explore again",
			    diverged ? ": " : "", diverged ? diverged : "");
		return false;
	}
	smallest->invariant = g_intern_string(outcome->violates);
	smallest->found = (Minimum){ .switches = G_MAXINT, .events = G_MAXINT };
	smallest_consider(smallest, outcome);
	*ret = g_steal_pointer(&outcome);
	return true;
}

void smallest_clear(Smallest *smallest)
{
	g_clear_pointer(&smallest->best, schedule_free);
}
