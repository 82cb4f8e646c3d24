// SPDX-License-Identifier: GPL-2.0-only
#include "step/survey.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"
#include "util/u64.h"

enum { MAX_ITEMS = 256, MAX_BYTES = 1024 };

const char *survey_token(SurveyKind kind)
{
	static const char *const tokens[SURVEY_KINDS] = {
		[SURVEY_USER_PTE] = "user-pte", [SURVEY_WORD] = "word", [SURVEY_LOCK] = "lock",
		[SURVEY_FAILURE] = "failure", [SURVEY_TIMER] = "timer",
	};

	return tokens[kind];
}

static bool parse_item(const Json *json, SurveyItem *ret, GError **error)
{
	const char *token, *name;
	gint64 bytes;

	if (!json_string(json, "kind", &token, error) || !json_string(json, "name", &name, error) ||
	    !json_int(json, "bytes", 0, MAX_BYTES, &bytes, error) ||
	    !u64_member(json->object, "address", &ret->addr, error))
		return false;
	ret->kind = 0;
	while (ret->kind < SURVEY_KINDS && strcmp(token, survey_token(ret->kind)) != 0)
		ret->kind++;
	ret->name = g_intern_string(name);
	ret->bytes = bytes;
	ret->count = 0;
	ret->armed = false;
	if (ret->kind < SURVEY_KINDS && (gint64)ret->addr <= 0 && g_utf8_validate(name, -1, NULL))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
		    "drgn: '%s' at 0x%" G_GINT64_MODIFIER "x is nothing to survey", token, ret->addr);
	return false;
}

GArray *survey_parse(JsonObject *answer, GError **error)
{
	const Json json = { answer, "drgn" };
	g_autoptr(GArray) survey = g_array_new(FALSE, FALSE, sizeof(SurveyItem));
	JsonArray *items;

	if (!json_array(&json, "survey", &items, error))
		return NULL;
	if (json_array_get_length(items) > MAX_ITEMS) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
			    "drgn: more than %d things to survey", MAX_ITEMS);
		return NULL;
	}
	for (guint i = 0; i < json_array_get_length(items); i++) {
		SurveyItem item;
		Json element;

		if (!json_element(&json, "survey", items, i, &element, error) ||
		    !parse_item(&element, &item, error))
			return NULL;
		g_array_append_val(survey, item);
	}
	return g_steal_pointer(&survey);
}

bool survey_has(const GArray *survey, SurveyKind kind)
{
	for (guint i = 0; i < survey->len; i++)
		if (g_array_index(survey, SurveyItem, i).kind == kind)
			return true;
	return false;
}

guint survey_total(const GArray *survey, SurveyKind kind)
{
	guint total = 0;

	for (guint i = 0; i < survey->len; i++)
		if (g_array_index(survey, SurveyItem, i).kind == kind)
			total += g_array_index(survey, SurveyItem, i).count;
	return total;
}

bool survey_arm(const GArray *survey, Machine *machine, bool arm, GError **error)
{
	for (guint i = 0; i < survey->len; i++) {
		SurveyItem *item = &g_array_index(survey, SurveyItem, i);

		if (!item->addr)
			continue;
		/* What others break on is theirs to take out, and stops all the same. */
		if (arm ? !item->bytes && machine_is_break(machine, item->addr) : !item->armed)
			continue;
		item->armed = arm;
		if (!(item->bytes ? machine_watch(machine, item->addr, item->bytes, WATCH_ACCESS, arm,
						  error)
				  : machine_break(machine, item->addr, arm, error)))
			return false;
	}
	return true;
}

bool survey_take(GArray *survey, const Stop *stop, guint64 pc)
{
	for (guint i = 0; i < survey->len; i++) {
		SurveyItem *item = &g_array_index(survey, SurveyItem, i);
		bool watched = stop->kind == STOP_WATCH;

		if (!item->addr || watched != (item->bytes > 0) ||
		    (watched ? stop->watch - item->addr >= (guint64)item->bytes : pc != item->addr))
			continue;
		item->count++;
		/* Other things may be to be seen at a function's entry. */
		return watched;
	}
	return false;
}
