// SPDX-License-Identifier: GPL-2.0-only
#include "report/unseen-text.h"

#include <string.h>

static const char *const TEXTS[SURVEY_KINDS] = {
	[SURVEY_USER_PTE] = "accesses to PTEs of processes",
	[SURVEY_WORD] = "accesses to plain words",
	[SURVEY_LOCK] = "other locks taken",
	[SURVEY_FAILURE] = "calls that could fail and did not",
	[SURVEY_TIMER] = "timers",
};

const char *unseen_words(SurveyKind kind, bool with_failures)
{
	return kind == SURVEY_FAILURE && with_failures ? "calls that could fail, those asked to among them"
						       : TEXTS[kind];
}

const char *unwatched_text(const char *made)
{
	static const struct {
		const char *made, *text;
	} texts[] = {
		{ "pages",
		  "who has references to a page that is allocated in the race, or its folio's lock" },
		{ "mappings", "who has the locks of a mapping that is made in the race" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		if (strcmp(texts[i].made, made) == 0)
			return texts[i].text;
	return NULL;
}

static bool are_counts(const Json *of, GError **error)
{
	g_autoptr(GList) names = json_object_get_members(of->object);
	gint64 count;

	for (GList *each = names; each; each = each->next)
		if (!json_int(of, each->data, 0, G_MAXINT64, &count, error))
			return false;
	return true;
}

static bool check_kind(const Json *unseen, const char *token, GError **error)
{
	Json kind, of;
	JsonArray *uncounted;
	gint64 count;

	return json_object(unseen, token, &kind, error) &&
	       json_int(&kind, "total", 0, G_MAXINT64, &count, error) &&
	       json_object(&kind, "of", &of, error) &&
	       json_array(&kind, "uncounted", &uncounted, error) && are_counts(&of, error);
}

bool unseen_check(const Json *verdict, GError **error)
{
	Json unseen;

	if (!json_has(verdict, "unseen"))
		return true;
	if (!json_object(verdict, "unseen", &unseen, error))
		return false;
	if (!json_object_get_size(unseen.object))
		return true;
	for (int kind = 0; kind < SURVEY_KINDS; kind++)
		if (!check_kind(&unseen, survey_token(kind), error))
			return false;
	return true;
}

static void add_parts(GString *text, JsonObject *of)
{
	g_autoptr(GList) names = json_object_get_members(of);

	for (GList *each = names; each; each = each->next) {
		g_autofree char *name = name_shown(each->data);

		g_string_append_printf(text, "%s%s %" G_GINT64_FORMAT, each == names ? " (" : ", ",
				       name, json_object_get_int_member(of, each->data));
	}
	g_string_append(text, names ? ")" : "");
}

char *unseen_text(JsonObject *verdict)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!json_object_has_member(verdict, "unseen"))
		return NULL;
	JsonObject *unseen = json_object_get_object_member(verdict, "unseen");
	for (int kind = 0; json_object_get_size(unseen) && kind < SURVEY_KINDS; kind++) {
		JsonObject *one = json_object_get_object_member(unseen, survey_token(kind));
		JsonArray *uncounted = json_object_get_array_member(one, "uncounted");

		g_string_append_printf(text, "%s%" G_GINT64_FORMAT " %s", kind ? "; " : "",
				       json_object_get_int_member(one, "total"),
				       unseen_words(kind, json_object_has_member(verdict, "failures")));
		add_parts(text, json_object_get_object_member(one, "of"));
		if (json_array_get_length(uncounted))
			g_string_append_printf(text, ", those of %u pages not counted: they are in "
					       "no table yet", json_array_get_length(uncounted));
	}
	return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

bool failures_check(const Json *verdict, GError **error)
{
	Json failures, of;
	gint64 count;

	if (!json_has(verdict, "failures"))
		return true;
	return json_object(verdict, "failures", &failures, error) &&
	       json_int(&failures, "at_most", 1, G_MAXINT, &count, error) &&
	       json_object(&failures, "of", &of, error) && are_counts(&of, error);
}

char *failures_text(JsonObject *verdict)
{
	if (!json_object_has_member(verdict, "failures"))
		return NULL;
	JsonObject *failures = json_object_get_object_member(verdict, "failures");
	JsonObject *of = json_object_get_object_member(failures, "of");
	g_autoptr(GList) names = json_object_get_members(of);
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "at most %" G_GINT64_FORMAT " a schedule",
			       json_object_get_int_member(failures, "at_most"));
	for (GList *each = names; each; each = each->next) {
		g_autofree char *name = name_shown(each->data);

		g_string_append_printf(text, "%s%s in %" G_GINT64_FORMAT, each == names ? ": " : ", ", name,
				       json_object_get_int_member(of, each->data));
	}
	return g_string_free(text, FALSE);
}
