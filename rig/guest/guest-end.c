// SPDX-License-Identifier: GPL-2.0-only
#include "guest/guest-end.h"

#include "arch/arch.h"
#include "util/error.h"
#include "util/json.h"

static JsonObject *new_request(const Guest *guest, const char *subject, const GArray *frames)
{
	JsonObject *request = json_object_new();
	JsonArray *array = json_array_new();

	for (guint i = 0; i < frames->len; i++)
		json_array_add_int_element(array, g_array_index(frames, guint64, i));
	json_object_set_array_member(request, "frames", array);
	json_object_set_string_member(request, "op", "end");
	json_object_set_string_member(request, "subject", subject);
	json_object_set_member(request, "keep", json_node_copy(guest->keep));
	return request;
}

static bool take_words(const Json *json, int group, End *end, GError **error)
{
	JsonArray *words = NULL;
	Json one;

	if (!json_array_of(json, "words", 0, arch_page_bytes() / END_WORD_BYTES, &words, error))
		return false;
	for (guint i = 0; i < json_array_get_length(words); i++) {
		EndWord word = { .group = group };

		if (!json_element(json, "words", words, i, &one, error) ||
		    !json_small(&one, "offset", 0, arch_page_bytes() - END_WORD_BYTES, &word.offset, error) ||
		    !json_hex(&one, "word", &word.word, error))
			return false;
		g_array_append_val(end->words, word);
	}
	return true;
}

static bool take_group(const Json *json, End *end, GError **error)
{
	int i = end->n_groups++;
	EndGroup *group = &end->groups[i];

	group->refcount = group->counted = VIOLATION_NONE;
	return json_bool(json, "lives", &group->lives, error) &&
	       json_maybe_int(json, "refcount", G_MININT32, G_MAXINT32, &group->refcount, error) &&
	       json_int(json, "mapped", 0, G_MAXINT32, &group->mapped, error) &&
	       json_maybe_int(json, "counted", G_MININT64 + 1, G_MAXINT64, &group->counted, error) &&
	       take_words(json, i, end, error);
}

static bool take_page(const Json *json, End *end, GError **error)
{
	EndPage *page = &end->pages[end->n_pages++];

	return json_bool(json, "exists", &page->exists, error) &&
	       json_hex(json, "pte", &page->pte, error) && json_bool(json, "free", &page->free, error);
}

static bool take_report(const Json *json, End *end, GError **error)
{
	EndReport report = { 0 };
	gint64 program = 0;

	if (!json_int(json, "program", 1, G_MAXUINT32, &program, error) ||
	    !json_hex(json, "address", &report.address, error) ||
	    !json_bool(json, "write", &report.write, error))
		return false;
	report.program = program;
	g_array_append_val(end->reports, report);
	return true;
}

/* Those of the frames that were asked for of which @member says so. */
static bool take_frames(const Json *json, const char *member, const GArray *frames, GArray *ret,
			GError **error)
{
	JsonArray *array = NULL;

	if (!json_array_of(json, member, frames->len, frames->len, &array, error))
		return false;
	for (guint i = 0; i < frames->len; i++) {
		JsonNode *node = json_array_get_element(array, i);

		if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
				    "%s: '%s' must be an array of true and false", json->name, member);
			return false;
		}
		if (json_node_get_boolean(node))
			g_array_append_val(ret, g_array_index(frames, guint64, i));
	}
	return true;
}

static bool take_splats(const Json *json, End *end, GError **error)
{
	JsonArray *splats = NULL;

	if (!json_array_of(json, "splats", 0, G_MAXINT32, &splats, error))
		return false;
	for (guint i = 0; i < json_array_get_length(splats); i++) {
		const char *line = json_text_element(splats, i);

		if (!line) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
				    "%s: 'splats' must be an array of strings", json->name);
			return false;
		}
		g_ptr_array_add(end->splats, (char *)line);
	}
	return true;
}

/* The objects in the array @member, each by @take. */
static bool take_all(const Json *json, const char *member, guint min, guint max,
		     bool (*take)(const Json *json, End *end, GError **error), End *end, GError **error)
{
	JsonArray *array = NULL;
	Json one;

	if (!json_array_of(json, member, min, max, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++)
		if (!json_element(json, member, array, i, &one, error) || !take(&one, end, error))
			return false;
	return true;
}

static bool take_answer(const Guest *guest, const Json *answer, const GArray *frames, End *end,
			GError **error)
{
	const guint groups = guest->report.n_arenas, pages = guest->n_pages;

	end->streams = json_has(answer, "reports");
	return take_all(answer, "groups", groups, groups, take_group, end, error) &&
	       take_all(answer, "pages", pages, pages, take_page, end, error) &&
	       (!end->streams ||
		take_all(answer, "reports", 0, G_MAXINT32, take_report, end, error)) &&
	       take_frames(answer, "given_back", frames, end->given_back, error) &&
	       take_frames(answer, "pinned", frames, end->pinned, error) &&
	       take_splats(answer, end, error);
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
		end->pages[i].reserved = (reserved & ~freed) >> i & 1;
		end->pages[i].maybe_reserved = (reserved & freed) >> i & 1;
		end->pages[i].given_up = (freed & ~wanted) >> i & 1;
	}
}

bool guest_end(const Guest *guest, const char *subject, const GArray *frames, End *end, GError **error)
{
	g_autoptr(JsonObject) answer =
		answers_ask(guest->answers, new_request(guest, subject, frames), error);
	g_autoptr(GError) local = NULL;
	Json json = { answer, "drgn" };

	if (!answer)
		return false;
	if (take_answer(guest, &json, frames, end, &local)) {
		take_told(guest, end);
		return true;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "at a schedule's end: %s", local->message);
	return false;
}
