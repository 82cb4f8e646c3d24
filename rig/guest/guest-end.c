// SPDX-License-Identifier: GPL-2.0-only
#include "guest/guest-end.h"

#include "event/fields.h"
#include "util/error.h"

static JsonObject *new_request(const Guest *guest)
{
	JsonObject *request = json_object_new();

	json_object_set_string_member(request, "op", "end");
	json_object_set_string_member(request, "subject", "arena");
	json_object_set_member(request, "keep", json_node_copy(guest->keep));
	return request;
}

/* NULL: there is none, or it is no object. */
static JsonObject *object_at(JsonArray *array, guint i)
{
	JsonNode *node = json_array_get_element(array, i);

	return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static bool take_words(JsonObject *object, int group, End *end)
{
	JsonArray *words = NULL;

	if (!field_array(object, "words", FIELD_REQUIRED, 0, END_PAGE_BYTES / END_WORD_BYTES, &words))
		return false;
	for (guint i = 0; i < json_array_get_length(words); i++) {
		EndWord word = { .group = group };
		JsonObject *one = object_at(words, i);

		if (!one ||
		    !field_small(one, "offset", FIELD_REQUIRED, 0, END_PAGE_BYTES - END_WORD_BYTES,
				 &word.offset) ||
		    !field_hex(one, "word", FIELD_REQUIRED, &word.word))
			return false;
		g_array_append_val(end->words, word);
	}
	return true;
}

static bool take_group(JsonObject *object, End *end)
{
	int i = end->n_groups++;
	EndGroup *group = &end->groups[i];

	group->refcount = group->counted = VIOLATION_NONE;
	return object && field_bool(object, "lives", FIELD_REQUIRED, &group->lives) &&
	       field_int(object, "refcount", FIELD_OPTIONAL, G_MININT32, G_MAXINT32, &group->refcount) &&
	       field_int(object, "mapped", FIELD_REQUIRED, 0, G_MAXINT32, &group->mapped) &&
	       field_int(object, "counted", FIELD_OPTIONAL, G_MININT64 + 1, G_MAXINT64,
			 &group->counted) &&
	       take_words(object, i, end);
}

static bool take_page(JsonObject *object, End *end)
{
	EndPage *page = &end->pages[end->n_pages++];

	return object && field_bool(object, "exists", FIELD_REQUIRED, &page->exists) &&
	       field_hex(object, "pte", FIELD_REQUIRED, &page->pte) &&
	       field_bool(object, "free", FIELD_REQUIRED, &page->free);
}

static bool take_report(JsonObject *object, End *end)
{
	EndReport report = { 0 };
	gint64 program = 0;

	if (!object || !field_int(object, "program", FIELD_REQUIRED, 1, G_MAXUINT32, &program) ||
	    !field_hex(object, "address", FIELD_REQUIRED, &report.address) ||
	    !field_bool(object, "write", FIELD_REQUIRED, &report.write))
		return false;
	report.program = program;
	g_array_append_val(end->reports, report);
	return true;
}

static bool take_splats(JsonArray *splats, End *end)
{
	for (guint i = 0; i < json_array_get_length(splats); i++) {
		const char *line = field_element(splats, i);

		if (!line)
			return false;
		g_ptr_array_add(end->splats, (char *)line);
	}
	return true;
}

static bool take_answer(const Guest *guest, JsonObject *answer, End *end)
{
	JsonArray *groups = NULL, *pages = NULL, *reports = NULL, *splats = NULL;

	if (!field_array(answer, "groups", FIELD_REQUIRED, guest->report.n_arenas,
			 guest->report.n_arenas, &groups) ||
	    !field_array(answer, "pages", FIELD_REQUIRED, guest->n_pages, guest->n_pages, &pages) ||
	    !field_array(answer, "reports", FIELD_OPTIONAL, 0, G_MAXINT32, &reports) ||
	    !field_array(answer, "splats", FIELD_REQUIRED, 0, G_MAXINT32, &splats))
		return false;
	for (guint i = 0; i < json_array_get_length(groups); i++)
		if (!take_group(object_at(groups, i), end))
			return false;
	for (guint i = 0; i < json_array_get_length(pages); i++)
		if (!take_page(object_at(pages, i), end))
			return false;
	end->streams = reports != NULL;
	for (guint i = 0; reports && i < json_array_get_length(reports); i++)
		if (!take_report(object_at(reports, i), end))
			return false;
	return take_splats(splats, end);
}

/* What the actors have told of their results, and of pages: reserved, or freed and wanted no more. */
static void take_told(const Guest *guest, End *end)
{
	guint32 reserved = 0, freed = 0, wanted = 0;

	end->n_actors = guest->n_actors;
	for (int i = 0; i < guest->n_actors; i++) {
		struct guest_actor actor = guest_actor_report(guest, i);

		end->actors[i].result = actor.result;
		reserved |= actor.reserved;
		freed |= actor.freed;
		wanted |= actor.wanted;
	}
	for (int i = 0; i < guest->n_pages; i++) {
		end->pages[i].reserved = reserved >> i & 1;
		end->pages[i].given_up = (freed & ~wanted) >> i & 1;
	}
}

bool guest_end(const Guest *guest, End *end, GError **error)
{
	g_autoptr(JsonObject) answer = analyst_ask(guest->analyst, new_request(guest), error);

	if (!answer)
		return false;
	if (take_answer(guest, answer, end)) {
		take_told(guest, end);
		return true;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
		    "drgn: what it tells of a schedule's end lacks a member, or one is of another type");
	return false;
}
