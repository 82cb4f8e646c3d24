// SPDX-License-Identifier: GPL-2.0-only
#include "arch/arch.h"
#include "event/record-parts.h"

#include <string.h>

#include "util/json.h"
#include "util/u64.h"

static const char *const hows[] = {
	[ENDED_DONE] = "done", [ENDED_CYCLE] = "cycle", [ENDED_CUT] = "cut", NULL,
};

static const char *const states[] = {
	[END_RETURNED] = "returned", [END_CRASHED] = "crashed", [END_WAITS] = "waits", NULL,
};

static JsonArray *actors_json(const End *end)
{
	JsonArray *array = json_array_new();

	for (int i = 0; i < end->n_actors; i++) {
		const EndActor *actor = &end->actors[i];
		JsonObject *object = json_object_new();

		json_add_string(object, "state", states[actor->state]);
		if (actor->state == END_RETURNED)
			json_object_set_int_member(object, "result", actor->result);
		if (actor->state == END_CRASHED && actor->fault_page >= 0)
			json_object_set_int_member(object, "fault_page", actor->fault_page);
		if (actor->state == END_WAITS)
			json_object_set_object_member(object, "wait", wait_json(&actor->wait));
		json_array_add_object_element(array, object);
	}
	return array;
}

static void add_count(JsonObject *object, const char *name, gint64 count)
{
	if (count != VIOLATION_NONE)
		json_object_set_int_member(object, name, count);
}

static JsonArray *groups_json(const End *end)
{
	JsonArray *array = json_array_new();

	for (int i = 0; i < end->n_groups; i++) {
		const EndGroup *group = &end->groups[i];
		JsonObject *object = json_object_new();

		json_object_set_boolean_member(object, "lives", group->lives);
		add_count(object, "refcount", group->refcount);
		json_object_set_int_member(object, "mapped", group->mapped);
		add_count(object, "counted", group->counted);
		json_array_add_object_element(array, object);
	}
	return array;
}

static JsonArray *pages_json(const Record *record)
{
	JsonArray *array = json_array_new();

	for (int i = 0; i < record->end->n_pages; i++) {
		const EndPage *page = &record->end->pages[i];
		g_autofree char *bits = record_bits(page->pte);
		JsonObject *object = json_object_new();

		json_object_set_boolean_member(object, "exists", page->exists);
		json_add_string(object, "pte", record_pte(record, page->pte));
		json_add_string(object, "pte_bits", bits);
		json_object_set_boolean_member(object, "free", page->free);
		json_object_set_boolean_member(object, "reserved", page->reserved);
		if (page->maybe_reserved)
			json_object_set_boolean_member(object, "maybe_reserved", TRUE);
		json_object_set_boolean_member(object, "given_up", page->given_up);
		json_array_add_object_element(array, object);
	}
	return array;
}

static JsonArray *words_json(const End *end)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < end->words->len; i++) {
		const EndWord *word = &g_array_index(end->words, EndWord, i);
		JsonObject *object = json_object_new();

		json_object_set_int_member(object, "group", word->group);
		json_object_set_int_member(object, "offset", word->offset);
		u64_set_member(object, "word", word->word);
		json_array_add_object_element(array, object);
	}
	return array;
}

static JsonArray *reports_json(const Record *record)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < record->end->reports->len; i++) {
		const EndReport *report = &g_array_index(record->end->reports, EndReport, i);
		JsonObject *object = json_object_new();

		json_object_set_int_member(object, "program", record_program(record, report->program));
		u64_set_member(object, "address", report->address);
		json_object_set_boolean_member(object, "write", report->write);
		json_array_add_object_element(array, object);
	}
	return array;
}

static JsonArray *frames_json(const Record *record, const GArray *frames)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < frames->len; i++)
		json_array_add_string_element(array,
					      record_frame(record, g_array_index(frames, guint64, i)));
	return array;
}

JsonObject *record_end_json(const Record *record)
{
	const End *end = record->end;
	JsonObject *object = json_object_new(), *line = json_object_new();

	json_add_string(object, "how", hows[end->how]);
	if (end->how == ENDED_CYCLE && end->alone >= 0)
		json_add_string(object, "alone", record->header.actors[end->alone].name);
	if (end->how == ENDED_DONE) {
		JsonArray *splats = json_array_new();

		json_object_set_array_member(object, "actors", actors_json(end));
		json_object_set_array_member(object, "groups", groups_json(end));
		json_object_set_array_member(object, "pages", pages_json(record));
		json_object_set_array_member(object, "words", words_json(end));
		if (end->streams)
			json_object_set_array_member(object, "reports", reports_json(record));
		json_object_set_array_member(object, "given_back", frames_json(record, end->given_back));
		json_object_set_array_member(object, "pinned", frames_json(record, end->pinned));
		for (guint i = 0; i < end->splats->len; i++)
			json_array_add_string_element(splats, g_ptr_array_index(end->splats, i));
		json_object_set_array_member(object, "splats", splats);
	}
	json_object_set_object_member(line, "end", object);
	return line;
}

/* One element of an array of objects, into @end. */
typedef bool (*ReadElement)(const Record *record, const Json *json, int i, End *end, GError **error);

static bool read_all(const Record *record, const Json *json, const char *name, guint min, guint max,
		     ReadElement read, End *end, GError **error)
{
	JsonArray *array = NULL;
	Json element;

	if (!json_array_of(json, name, min, max, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++)
		if (!json_element(json, name, array, i, &element, error) ||
		    !read(record, &element, i, end, error))
			return false;
	return true;
}

static bool read_actor(const Record *record, const Json *json, int i, End *end, GError **error)
{
	EndActor *actor = &end->actors[i];
	int state = 0;
	Json wait;

	actor->fault_page = -1;
	if (!json_choice(json, "state", states, &state, error))
		return false;
	actor->state = state;
	end->n_actors = i + 1;
	switch (actor->state) {
	case END_RETURNED:
		return json_int(json, "result", G_MININT64, G_MAXINT64, &actor->result, error);
	case END_CRASHED:
		return json_maybe_small(json, "fault_page", 0, record->header.n_pages - 1,
					&actor->fault_page, error);
	default:
		return json_object(json, "wait", &wait, error) &&
		       wait_from_json(&wait, &actor->wait, error);
	}
}

static bool read_group(const Record *record, const Json *json, int i, End *end, GError **error)
{
	EndGroup *group = &end->groups[i];

	(void)record;
	group->refcount = group->counted = VIOLATION_NONE;
	end->n_groups = i + 1;
	return json_bool(json, "lives", &group->lives, error) &&
	       json_maybe_int(json, "refcount", G_MININT32, G_MAXINT32, &group->refcount, error) &&
	       json_int(json, "mapped", 0, G_MAXINT32, &group->mapped, error) &&
	       json_maybe_int(json, "counted", G_MININT64 + 1, G_MAXINT64, &group->counted, error);
}

static bool read_page(const Record *record, const Json *json, int i, End *end, GError **error)
{
	EndPage *page = &end->pages[i];
	const char *pte = NULL, *bits = NULL;

	end->n_pages = i + 1;
	return record->header.groups[i] < end->n_groups &&
	       json_bool(json, "exists", &page->exists, error) &&
	       json_interned(json, "pte", &pte, error) &&
	       json_interned(json, "pte_bits", &bits, error) &&
	       record_read_pte(pte, bits, &page->pte) &&
	       json_bool(json, "free", &page->free, error) &&
	       json_bool(json, "reserved", &page->reserved, error) &&
	       json_maybe_bool(json, "maybe_reserved", &page->maybe_reserved, error) &&
	       json_bool(json, "given_up", &page->given_up, error);
}

static bool read_word(const Record *record, const Json *json, int i, End *end, GError **error)
{
	EndWord word = { 0 };

	(void)record;
	(void)i;
	if (!json_small(json, "group", 0, end->n_groups - 1, &word.group, error) ||
	    !json_small(json, "offset", 0, arch_page_bytes() - END_WORD_BYTES, &word.offset, error) ||
	    word.offset % END_WORD_BYTES || !json_hex(json, "word", &word.word, error) || !word.word)
		return false;
	g_array_append_val(end->words, word);
	return true;
}

static bool read_report(const Record *record, const Json *json, int i, End *end, GError **error)
{
	EndReport report = { 0 };
	gint64 program = 0;

	(void)record;
	(void)i;
	if (!json_int(json, "program", 1, G_MAXUINT32, &program, error) ||
	    !json_hex(json, "address", &report.address, error) ||
	    !json_bool(json, "write", &report.write, error))
		return false;
	report.program = program;
	g_array_append_val(end->reports, report);
	return true;
}

static bool read_frames(const Json *json, const char *member, GArray *ret, GError **error)
{
	JsonArray *array = NULL;

	if (!json_array_of(json, member, 0, RECORD_MAX_LINES, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		guint64 pfn;

		if (!record_read_frame(json_text_element(array, i), &pfn))
			return false;
		g_array_append_val(ret, pfn);
	}
	return true;
}

static bool read_splats(const Json *json, End *end, GError **error)
{
	JsonArray *array = NULL;

	if (!json_array_of(json, "splats", 0, RECORD_MAX_LINES, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		const char *line = json_text_element(array, i);

		if (!line)
			return false;
		g_ptr_array_add(end->splats, (char *)line);
	}
	return true;
}

End *record_read_end(const Record *record, const Json *json, GError **error)
{
	const TraceHeader *header = &record->header;
	const guint actors = header->n_actors, pages = header->n_pages;
	const guint words = MAX_PAGES * arch_page_bytes() / END_WORD_BYTES;
	g_autoptr(End) end = end_new(ENDED_DONE);
	int how = 0;

	if (!json_choice(json, "how", hows, &how, error))
		return NULL;
	end->how = how;
	if (how == ENDED_CYCLE && json_has(json, "alone") &&
	    !record_read_actor(header, json, "alone", &end->alone, error))
		return NULL;
	if (how != ENDED_DONE)
		return g_steal_pointer(&end);
	end->streams = json_has(json, "reports");
	if (!read_all(record, json, "actors", actors, actors, read_actor, end, error) ||
	    !read_all(record, json, "groups", 1, MAX_PAGES, read_group, end, error) ||
	    !read_all(record, json, "pages", pages, pages, read_page, end, error) ||
	    !read_all(record, json, "words", 0, words, read_word, end, error) ||
	    (end->streams &&
	     !read_all(record, json, "reports", 0, RECORD_MAX_LINES, read_report, end, error)) ||
	    !read_frames(json, "given_back", end->given_back, error) ||
	    !read_frames(json, "pinned", end->pinned, error) || !read_splats(json, end, error))
		return NULL;
	return g_steal_pointer(&end);
}
