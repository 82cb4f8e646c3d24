// SPDX-License-Identifier: GPL-2.0-only
#include "explore/cycle.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"
#include "util/lose.h"
#include "util/u64.h"

enum {
	/* A loop that counts comes to its end in so many rounds, or nobody knows when. */
	MAX_ROUNDS = 4,
	/* More that differ are no loop's counters. */
	MAX_DIFFERING = 4096,
};

void cycle_clear(Cycle *cycle)
{
	g_clear_pointer(&cycle->memory, mark_free);
}

void cycle_begin(Cycle *cycle)
{
	cycle_clear(cycle);
	*cycle = (Cycle){ 0 };
}

bool cycle_at(Cycle *cycle, const Guest *guest, guint step, GError **error)
{
	if (!cycle->asked || step != cycle->from)
		return true;
	cycle_clear(cycle);
	cycle->memory = machine_mark(guest->machine, GUEST_PARKED, error);
	return cycle->memory != NULL;
}

bool cycle_may_close(const Cycle *cycle, guint from)
{
	return from >= cycle->since;
}

/* Guest-physical addresses of the words that differ, up to MAX_DIFFERING + 1 of them. */
static void add_differing(gsize page, const guint8 *before, const guint8 *now, gpointer words)
{
	for (gsize at = 0; at < TRACK_PAGE; at += sizeof(guint64))
		if (memcmp(before + at, now + at, sizeof(guint64)) != 0 &&
		    json_array_get_length(words) <= MAX_DIFFERING)
			u64_add_element(words, page * TRACK_PAGE + at);
}

/* Who is in user space has an empty kernel stack; the pointer says nothing of it. */
static JsonArray *stack_pointers(const Guest *guest, const Stepper *stepper)
{
	JsonArray *pointers = json_array_new();

	for (int i = 0; i < guest->n_actors; i++)
		u64_add_element(pointers, regs_sp(stepper_regs(stepper, i)));
	return pointers;
}

/* The strings in @answer's array @member, one a line; NULL: there are none. */
static bool read_names(JsonObject *answer, const char *member, char **ret, GError **error)
{
	const Json json = { answer, "drgn" };
	g_autoptr(GString) names = g_string_new(NULL);
	JsonArray *array;

	*ret = NULL;
	if (!json_array(&json, member, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);

		if (json_node_get_value_type(node) != G_TYPE_STRING) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
				    "drgn: '%s' holds something that is no name", member);
			return false;
		}
		g_string_append_printf(names, "%s%s", i ? "\n" : "", json_node_get_string(node));
	}
	*ret = names->len ? g_strdup(names->str) : NULL;
	return true;
}

/* Compare, and say in @outcome what differs. */
static bool compare(const Cycle *cycle, const Guest *guest, const Stepper *stepper,
		    Outcome *outcome, GError **error)
{
	g_autoptr(JsonArray) words = json_array_new();

	if (!machine_since(guest->machine, cycle->memory, add_differing, words, error))
		return false;
	if (json_array_get_length(words) > MAX_DIFFERING) {
		outcome->differs = g_strdup("too-many-words");
		return true;
	}
	JsonObject *request = json_object_new();
	json_object_set_string_member(request, "op", "differences");
	json_object_set_array_member(request, "words", json_array_ref(words));
	json_object_set_array_member(request, "stacks", stack_pointers(guest, stepper));
	g_autoptr(JsonObject) answer = answers_ask(guest->answers, request, error);
	if (!answer || !read_names(answer, "grown", &outcome->grown, error) ||
	    !read_names(answer, "other", &outcome->differs, error))
		return false;
	if (lose("growth") && !outcome->differs)
		outcome->differs = g_steal_pointer(&outcome->grown);
	return true;
}

bool cycle_settle(Cycle *cycle, const Guest *guest, const Stepper *stepper, Outcome *outcome,
		  bool *ret_again, GError **error)
{
	*ret_again = !cycle->asked || !cycle->memory || cycle->from != outcome->cycle;
	if (*ret_again) {
		cycle->asked = true;
		cycle->from = outcome->cycle;
		return true;
	}
	if (!compare(cycle, guest, stepper, outcome, error))
		return false;
	cycle->asked = false;
	*ret_again = outcome->differs && ++cycle->rounds < MAX_ROUNDS;
	if (*ret_again)
		cycle->since = outcome_length(outcome);
	return true;
}
