// SPDX-License-Identifier: GPL-2.0-only
#include "event/record-parts.h"

#include <string.h>

#include "event/fields.h"
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

		field_add_string(object, "state", states[actor->state]);
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
		field_add_string(object, "pte", record_pte(record, page->pte));
		field_add_string(object, "pte_bits", bits);
		json_object_set_boolean_member(object, "free", page->free);
		json_object_set_boolean_member(object, "reserved", page->reserved);
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

JsonObject *record_end_json(const Record *record)
{
	const End *end = record->end;
	JsonObject *object = json_object_new(), *line = json_object_new();

	field_add_string(object, "how", hows[end->how]);
	if (end->how == ENDED_CYCLE && end->alone >= 0)
		field_add_string(object, "alone", record->header.actors[end->alone].name);
	if (end->how == ENDED_DONE) {
		JsonArray *splats = json_array_new();

		json_object_set_array_member(object, "actors", actors_json(end));
		json_object_set_array_member(object, "groups", groups_json(end));
		json_object_set_array_member(object, "pages", pages_json(record));
		json_object_set_array_member(object, "words", words_json(end));
		if (end->streams)
			json_object_set_array_member(object, "reports", reports_json(record));
		for (guint i = 0; i < end->splats->len; i++)
			json_array_add_string_element(splats, g_ptr_array_index(end->splats, i));
		json_object_set_array_member(object, "splats", splats);
	}
	json_object_set_object_member(line, "end", object);
	return line;
}

static JsonObject *element_object(JsonArray *array, guint i)
{
	JsonNode *node = json_array_get_element(array, i);

	return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

/* One element of an array of objects, into @end. */
typedef bool (*ReadElement)(const Record *record, JsonObject *object, int i, End *end);

static bool read_all(const Record *record, JsonObject *object, const char *name, guint min, guint max,
		     ReadElement read, End *end)
{
	JsonArray *array = NULL;

	if (!field_array(object, name, FIELD_REQUIRED, min, max, &array))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonObject *element = element_object(array, i);

		if (!element || !read(record, element, i, end))
			return false;
	}
	return true;
}

static bool read_actor(const Record *record, JsonObject *object, int i, End *end)
{
	EndActor *actor = &end->actors[i];
	JsonNode *wait = json_object_get_member(object, "wait");
	int state = 0;

	actor->fault_page = -1;
	if (!field_choice(object, "state", FIELD_REQUIRED, states, &state))
		return false;
	actor->state = state;
	end->n_actors = i + 1;
	switch (actor->state) {
	case END_RETURNED:
		return field_int(object, "result", FIELD_REQUIRED, G_MININT64, G_MAXINT64, &actor->result);
	case END_CRASHED:
		return field_small(object, "fault_page", FIELD_OPTIONAL, 0, record->header.n_pages - 1,
				   &actor->fault_page);
	default:
		return wait && JSON_NODE_HOLDS_OBJECT(wait) &&
		       wait_from_json(json_node_get_object(wait), &actor->wait);
	}
}

static bool read_group(const Record *record, JsonObject *object, int i, End *end)
{
	EndGroup *group = &end->groups[i];

	(void)record;
	group->refcount = group->counted = VIOLATION_NONE;
	end->n_groups = i + 1;
	return field_bool(object, "lives", FIELD_REQUIRED, &group->lives) &&
	       field_int(object, "refcount", FIELD_OPTIONAL, G_MININT32, G_MAXINT32, &group->refcount) &&
	       field_int(object, "mapped", FIELD_REQUIRED, 0, G_MAXINT32, &group->mapped) &&
	       field_int(object, "counted", FIELD_OPTIONAL, G_MININT64 + 1, G_MAXINT64,
			 &group->counted);
}

static bool read_page(const Record *record, JsonObject *object, int i, End *end)
{
	EndPage *page = &end->pages[i];
	const char *pte = NULL, *bits = NULL;

	end->n_pages = i + 1;
	return record->header.groups[i] < end->n_groups &&
	       field_bool(object, "exists", FIELD_REQUIRED, &page->exists) &&
	       field_string(object, "pte", FIELD_REQUIRED, &pte) &&
	       field_string(object, "pte_bits", FIELD_REQUIRED, &bits) &&
	       record_read_pte(pte, bits, &page->pte) &&
	       field_bool(object, "free", FIELD_REQUIRED, &page->free) &&
	       field_bool(object, "reserved", FIELD_REQUIRED, &page->reserved) &&
	       field_bool(object, "given_up", FIELD_REQUIRED, &page->given_up);
}

static bool read_word(const Record *record, JsonObject *object, int i, End *end)
{
	EndWord word = { 0 };

	(void)record;
	(void)i;
	if (!field_small(object, "group", FIELD_REQUIRED, 0, end->n_groups - 1, &word.group) ||
	    !field_small(object, "offset", FIELD_REQUIRED, 0, END_PAGE_BYTES - END_WORD_BYTES,
			 &word.offset) ||
	    word.offset % END_WORD_BYTES || !field_hex(object, "word", FIELD_REQUIRED, &word.word) ||
	    !word.word)
		return false;
	g_array_append_val(end->words, word);
	return true;
}

static bool read_report(const Record *record, JsonObject *object, int i, End *end)
{
	EndReport report = { 0 };
	gint64 program = 0;

	(void)record;
	(void)i;
	if (!field_int(object, "program", FIELD_REQUIRED, 1, G_MAXUINT32, &program) ||
	    !field_hex(object, "address", FIELD_REQUIRED, &report.address) ||
	    !field_bool(object, "write", FIELD_REQUIRED, &report.write))
		return false;
	report.program = program;
	g_array_append_val(end->reports, report);
	return true;
}

static bool read_splats(JsonObject *object, End *end)
{
	JsonArray *array = NULL;

	if (!field_array(object, "splats", FIELD_REQUIRED, 0, RECORD_MAX_LINES, &array))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		const char *line = field_element(array, i);

		if (!line)
			return false;
		g_ptr_array_add(end->splats, (char *)line);
	}
	return true;
}

End *record_read_end(const Record *record, JsonObject *object)
{
	const TraceHeader *header = &record->header;
	g_autoptr(End) end = end_new(ENDED_DONE);
	int how = 0;

	if (!field_choice(object, "how", FIELD_REQUIRED, hows, &how))
		return NULL;
	end->how = how;
	if (how == ENDED_CYCLE && json_object_has_member(object, "alone") &&
	    !record_read_actor(header, object, "alone", &end->alone))
		return NULL;
	if (how != ENDED_DONE)
		return g_steal_pointer(&end);
	end->streams = json_object_has_member(object, "reports");
	if (!read_all(record, object, "actors", header->n_actors, header->n_actors, read_actor, end) ||
	    !read_all(record, object, "groups", 1, MAX_PAGES, read_group, end) ||
	    !read_all(record, object, "pages", header->n_pages, header->n_pages, read_page, end) ||
	    !read_all(record, object, "words", 0, MAX_PAGES * END_PAGE_BYTES / END_WORD_BYTES,
		      read_word, end) ||
	    (end->streams && !read_all(record, object, "reports", 0, RECORD_MAX_LINES, read_report,
				       end)) ||
	    !read_splats(object, end))
		return NULL;
	return g_steal_pointer(&end);
}
