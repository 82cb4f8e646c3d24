// SPDX-License-Identifier: GPL-2.0-only
#include "explore/unseen.h"

#include "explore/run.h"

static GArray *ask(const Session *session, GError **error)
{
	const Guest *guest = session->guest;
	JsonObject *request = json_object_new();

	json_object_set_string_member(request, "op", "survey");
	json_object_set_string_member(request, "subject", session->subject->name);
	json_object_set_member(request, "keep", json_node_copy(guest->keep));
	g_autoptr(JsonObject) answer = analyst_ask(guest->analyst, request, error);
	return answer ? survey_parse(answer, error) : NULL;
}

static GArray *count_once(Session *session, GError **error)
{
	g_autoptr(Plan) plan = plan_new(NULL, 0, REST_STAY);
	g_autoptr(GArray) survey = NULL;

	/* Where outcomes came from a journal its sites may be unknown: a run that is begun anew for one
	 * must not count twice. */
	g_autoptr(Outcome) before = run_plan(session, plan, error);
	if (!before)
		return NULL;
	/* Where a schedule has ended tables may be gone. */
	if (!guest_restore(session->guest, GUEST_PARKED, error))
		return NULL;
	survey = ask(session, error);
	if (!survey || !stepper_survey(session->stepper, survey, error))
		return NULL;
	g_autoptr(Outcome) outcome = run_plan(session, plan, error);
	return outcome && stepper_survey(session->stepper, NULL, error) ? g_steal_pointer(&survey)
									: NULL;
}

GArray *unseen_count(Session *session, GError **error)
{
	int lost = 0;

	for (;;) {
		g_autoptr(GError) local = NULL;
		int restarts = session->restarts;
		g_autoptr(GArray) survey = count_once(session, &local);

		/* Another guest knows nothing of what was to be counted in the one before. */
		if (survey && restarts == session->restarts)
			return g_steal_pointer(&survey);
		if (!survey && !session_recover(session, &lost, g_steal_pointer(&local), error))
			return NULL;
	}
}
