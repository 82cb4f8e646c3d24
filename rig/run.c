// SPDX-License-Identifier: GPL-2.0-only
#include "run.h"

#include <string.h>

/* What drgn needs to judge: the page each address was given, as the events say. */
static JsonObject *final_request(const Session *session)
{
	const Guest *guest = session->guest;
	JsonObject *request = json_object_new();
	JsonArray *pages = json_array_new(), *owned = json_array_new();

	json_object_set_string_member(request, "op", "check");
	json_object_set_int_member(request, "map", guest->report.arena_id);
	json_object_set_int_member(request, "log_seq", guest->log_seq);
	for (int i = 0; i < guest->n_pages; i++) {
		const Ownership *page = &session->check->pages[i];

		json_array_add_int_element(pages, guest->pages[i].uaddr);
		if (page->owned)
			json_array_add_int_element(owned, page->pfn);
		else
			json_array_add_null_element(owned);
	}
	json_object_set_array_member(request, "pages", pages);
	json_object_set_array_member(request, "owned", owned);
	return request;
}

static bool already_violated(const Check *check, const char *invariant)
{
	for (guint i = 0; i < check->violations->len; i++) {
		const Violation *violation = g_ptr_array_index(check->violations, i);

		if (strcmp(violation->invariant, invariant) == 0)
			return true;
	}
	return false;
}

/* drgn at the end: @quiet when every operation has returned, so all of it counts. */
static bool check_final(Session *session, bool quiet, GError **error)
{
	g_autoptr(JsonObject) answer =
		analyst_ask(session->guest->analyst, final_request(session), error);

	if (!answer)
		return false;
	JsonArray *found = json_object_get_array_member(answer, "violations");
	for (guint i = 0; i < json_array_get_length(found); i++) {
		JsonObject *violation = json_array_get_object_element(found, i);
		const char *invariant = json_object_get_string_member(violation, "invariant");

		if (!quiet && strcmp(invariant, "I10") != 0)
			continue;
		if (!already_violated(session->check, invariant))
			check_violation(session->check, invariant, -1, "%s",
					json_object_get_string_member(violation, "summary"));
	}
	return true;
}

/* What became of the actors; true when all have returned. */
static bool judge_actors(Session *session)
{
	const Guest *guest = session->guest;
	bool quiet = true, crashed = false;

	for (int i = 0; i < guest->n_actors; i++) {
		ActorState state = stepper_state(session->stepper, i);

		if (state == ACTOR_CRASHED) {
			check_crash(session->check, guest->report.actors[i].name);
			crashed = true;
		}
		quiet = quiet && state == ACTOR_RETURNED;
	}
	if (!quiet && !crashed)
		check_deadlock(session->check);
	return quiet;
}

static bool any_crashed(const Session *session)
{
	for (int i = 0; i < session->guest->n_actors; i++)
		if (stepper_state(session->stepper, i) == ACTOR_CRASHED)
			return true;
	return false;
}

/* Note where the schedule is; true when it has been there before. */
static bool been_here(Session *session, GHashTable *seen)
{
	return !g_hash_table_add(seen, stepper_state_key(session->stepper));
}

/* One attempt; @ret_move says when a new site makes it worthless. */
static bool attempt(Session *session, Policy *policy, Schedule *schedule, Move *ret_move,
		    RunEnd *ret_end, char **ret_diverged, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	unsigned int enabled;

	*ret_end = RUN_ENDED;

	policy->begin(policy);
	trace_begin(session->trace);
	check_begin(session->check);
	if (!stepper_begin(session->stepper, ret_move, error))
		return false;
	while (*ret_move == MOVE_DONE && !any_crashed(session) &&
	       (enabled = stepper_enabled(session->stepper))) {
		if (been_here(session, seen)) {
			*ret_end = RUN_CIRCLE;
			return true;
		}
		int actor = policy->choose(policy, enabled);
		Event event;

		if (actor < 0) {
			*ret_diverged = g_strdup_printf(
				"event %u: the recorded actor cannot go on here",
				schedule->decisions->len + 1);
			return true;
		}
		if (!stepper_move(session->stepper, actor, &event, ret_move, error))
			return false;
		g_autofree char *label = stepper_event_label(session->stepper, &event);
		schedule_add(schedule, actor, label);
		trace_add(session->trace, &event);
		check_event(session->check, &event);
	}
	return true;
}

bool run_schedule(Session *session, Policy *policy, Schedule **ret, RunEnd *ret_end,
		  char **ret_diverged, GError **error)
{
	g_autoptr(Schedule) schedule = NULL;
	Move move;

	*ret_diverged = NULL;
	do {
		g_clear_pointer(&schedule, schedule_free);
		schedule = schedule_new(session->scenario->name, session->kernel->name,
					session->kernel->key, session->scenario->actors);
		if (!attempt(session, policy, schedule, &move, ret_end, ret_diverged, error))
			return false;
	} while (move == MOVE_NEW_SITE);

	/* In a circle operations are under way: the end has nothing to say. */
	if (!*ret_diverged && *ret_end == RUN_ENDED &&
	    !check_final(session, judge_actors(session), error))
		return false;
	if (session->check->violations->len) {
		const Violation *first = g_ptr_array_index(session->check->violations, 0);
		schedule->violates = g_strdup(first->invariant);
	}
	*ret = g_steal_pointer(&schedule);
	return true;
}

bool run_replay(Session *session, const Schedule *schedule, char **ret_diverged,
		GError **error)
{
	const Decision *recorded = (const Decision *)schedule->decisions->data;
	g_autoptr(GArray) actors = g_array_new(FALSE, FALSE, sizeof(int));
	g_autoptr(Schedule) done = NULL;
	RunEnd end;

	for (guint i = 0; i < schedule->decisions->len; i++)
		g_array_append_val(actors, recorded[i].actor);
	g_autoptr(Policy) policy = policy_replay_new((int *)actors->data, actors->len);
	if (!run_schedule(session, policy, &done, &end, ret_diverged, error))
		return false;
	for (guint i = 0; i < done->decisions->len && i < schedule->decisions->len; i++) {
		const Decision *now = &g_array_index(done->decisions, Decision, i);

		if (strcmp(now->event, recorded[i].event) != 0) {
			g_free(*ret_diverged);
			*ret_diverged = g_strdup_printf("event %u is '%s', recorded was '%s'",
							i + 1, now->event, recorded[i].event);
			return true;
		}
	}
	if (!*ret_diverged && done->decisions->len != schedule->decisions->len)
		*ret_diverged = g_strdup_printf("ended after %u events, recorded were %u",
						done->decisions->len, schedule->decisions->len);
	return true;
}
