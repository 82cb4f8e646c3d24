// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/blame.h"

#include "explore/explain.h"
#include "report/trace-view.h"
#include "util/error.h"

/* Other ways to go on that are followed, for each order that is turned round. */
enum { FOLLOWED = 10 };

static void blame_order(Group *group, const TraceView *view, const Flip *cause)
{
	const RecordEvent *first = trace_view_decision(view, cause->first);
	const RecordEvent *second = trace_view_decision(view, cause->second);

	group->blame = BLAME_ORDER;
	group->first = cause->first + 1;
	group->second = cause->second + 1;
	group->first_words = trace_view_told(view, first);
	group->second_words = trace_view_told(view, second);
}

static bool blame_group(Hunter *hunter, Group *group, GError **error)
{
	g_autoptr(Schedule) schedule = schedule_parse(group->hit->schedule, "a schedule", error);
	Session *session = schedule ? hunter_session(hunter, group->combination, error) : NULL;
	g_autofree char *diverged = NULL;
	g_autoptr(Outcome) outcome = session ? run_schedule(session, schedule, &diverged, error) : NULL;
	g_autoptr(TraceView) view = outcome ? trace_view_parse(outcome->trace, "a trace", error) : NULL;

	if (!view)
		return false;
	if (diverged) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "it does not go as recorded: %s", diverged);
		return false;
	}
	g_autoptr(GPtrArray) flips = explain_flips(session, outcome, FOLLOWED, error);
	if (!flips)
		return false;
	const Flip *cause = explain_cause(flips);
	if (cause)
		blame_order(group, view, cause);
	else
		group->blame = flips->len ? BLAME_NO_SINGLE_ORDER : BLAME_NO_ORDER;
	return true;
}

bool hunt_blame(HuntResult *result, const HunterOptions *options, GError **error)
{
	/* What these schedules run has been run before. */
	HunterOptions without = *options;
	without.code = NULL;
	g_autoptr(Hunter) hunter = hunter_new(&without, error);

	for (guint i = 0; hunter && i < result->groups->len; i++) {
		Group *group = g_ptr_array_index(result->groups, i);
		g_autoptr(GError) local = NULL;

		if (blame_group(hunter, group, &local))
			continue;
		if (!hunter_is_of_combination(hunter, local)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
		g_message("which order %s is to blame on could not be found out: %s",
			  group->hit->violation.invariant, local->message);
	}
	return hunter != NULL;
}
