// SPDX-License-Identifier: GPL-2.0-only
#include "report/story.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "util/error.h"

enum { VERSION = 3 };

static void event_free(gpointer data)
{
	StoryEvent *event = data;

	g_strfreev(event->before);
	g_strfreev(event->after);
	for (char ***held = event->tlb; held && *held; held++)
		g_strfreev(*held);
	g_free(event->tlb);
	g_free(event);
}

void story_free(Story *story)
{
	if (!story)
		return;
	g_strfreev(story->actors);
	g_ptr_array_unref(story->events);
	g_ptr_array_unref(story->findings);
	g_ptr_array_unref(story->frames);
	g_hash_table_unref(story->names);
	g_string_chunk_free(story->strings);
	g_free(story);
}

static const char *string(Story *story, JsonObject *object, const char *member)
{
	const char *value = json_object_get_string_member_with_default(object, member, NULL);

	return value ? g_string_chunk_insert_const(story->strings, value) : NULL;
}

static char **strings(JsonArray *array)
{
	guint n = array ? json_array_get_length(array) : 0;
	char **ret = g_new0(char *, n + 1);

	for (guint i = 0; i < n; i++)
		ret[i] = g_strdup(json_array_get_string_element(array, i));
	return ret;
}

static JsonArray *array(JsonObject *object, const char *member)
{
	JsonNode *node = json_object_get_member(object, member);

	return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static int lane_of(const Story *story, const char *actor)
{
	for (int i = 0; i < story->n_actors; i++)
		if (g_strcmp0(story->actors[i], actor) == 0)
			return i;
	return -1;
}

static bool read_tlb(const Story *story, JsonArray *lanes, StoryEvent *event)
{
	if (!lanes || (int)json_array_get_length(lanes) != story->n_actors)
		return false;
	event->tlb = g_new0(char **, story->n_actors * story->n_pages + 1);
	for (int lane = 0; lane < story->n_actors; lane++) {
		JsonArray *pages = json_array_get_array_element(lanes, lane);

		if ((int)json_array_get_length(pages) != story->n_pages)
			return false;
		for (int page = 0; page < story->n_pages; page++)
			event->tlb[lane * story->n_pages + page] =
				strings(json_array_get_array_element(pages, page));
	}
	return true;
}

static bool read_event(Story *story, JsonObject *object)
{
	StoryEvent *event = g_new0(StoryEvent, 1);
	guint last = story->events->len;
	guint number = last ? story_number(story, story_event(story, last - 1)) : 0;

	g_ptr_array_add(story->events, event);
	event->n = last + 1;
	if (json_object_get_boolean_member_with_default(object, "decision", FALSE))
		event->number = number + 1;
	event->lane = lane_of(story, string(story, object, "actor"));
	event->vcpu = json_object_get_int_member_with_default(object, "vcpu", -1);
	event->page = json_object_get_int_member_with_default(object, "page", -1);
	event->irq = json_object_get_boolean_member_with_default(object, "irq", FALSE);
	event->faulted = json_object_get_boolean_member_with_default(object, "faulted", FALSE);
	event->result = json_object_get_int_member_with_default(object, "result", 0);
	event->kind = string(story, object, "kind");
	event->label = string(story, object, "event");
	event->what = string(story, object, "what");
	event->did = string(story, object, "did");
	event->access = string(story, object, "access");
	event->line = string(story, object, "line");
	event->insn = string(story, object, "insn");
	event->frame = string(story, object, "frame");
	event->before = strings(array(object, "before"));
	event->after = strings(array(object, "after"));
	return event->lane >= 0 && event->kind && event->what && event->label &&
	       (int)g_strv_length(event->before) == story->n_pages &&
	       (int)g_strv_length(event->after) == story->n_pages &&
	       read_tlb(story, array(object, "tlb"), event);
}

static bool read_finding(Story *story, JsonObject *object)
{
	Finding *finding = g_new0(Finding, 1);

	g_ptr_array_add(story->findings, finding);
	finding->documented = json_object_has_member(object, "documented");
	finding->invariant =
		string(story, object, finding->documented ? "documented" : "violates");
	finding->summary = string(story, object, "summary");
	finding->event = json_object_get_int_member_with_default(object, "event", 0);
	finding->manifest = json_object_get_boolean_member_with_default(object, "manifest", FALSE);
	return finding->invariant && finding->summary && finding->event <= story->events->len;
}

static bool read_header(Story *story, JsonObject *object)
{
	story->actors = strings(array(object, "actors"));
	story->n_actors = g_strv_length(story->actors);
	story->n_pages = json_object_get_int_member_with_default(object, "pages", 0);
	return story->n_actors > 0 && story->n_pages > 0 &&
	       json_object_get_int_member_with_default(object, "racerig-trace", 0) == VERSION;
}

static void note_frame(Story *story, const char *value, const char *owner, GHashTable *counts)
{
	if (!g_str_has_prefix(value, "frame ") || g_hash_table_contains(story->names, value))
		return;
	int count = GPOINTER_TO_INT(g_hash_table_lookup(counts, owner)) + 1;
	const char *frame = g_string_chunk_insert_const(story->strings, value);
	g_autofree char *name = count == 1 ? g_strdup_printf("page of %s", owner)
					   : g_strdup_printf("page of %s #%d", owner, count);

	g_hash_table_insert(counts, (char *)owner, GINT_TO_POINTER(count));
	g_hash_table_insert(story->names, (char *)frame,
			    g_string_chunk_insert(story->strings, name));
	g_ptr_array_add(story->frames, (char *)frame);
}

/* Who first put a frame into a PTE was given it by the allocator. */
static void name_frames(Story *story)
{
	g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < story->events->len; i++) {
		const StoryEvent *event = story_event(story, i);

		for (int page = 0; page < story->n_pages; page++) {
			if (i == 0)
				note_frame(story, event->before[page], "the set-up", counts);
			note_frame(story, event->after[page], story->actors[event->lane], counts);
		}
	}
}

static bool read_line(Story *story, const char *line, bool first)
{
	g_autoptr(JsonParser) parser = json_parser_new();

	if (!json_parser_load_from_data(parser, line, -1, NULL) ||
	    !JSON_NODE_HOLDS_OBJECT(json_parser_get_root(parser)))
		return false;
	JsonObject *object = json_node_get_object(json_parser_get_root(parser));
	if (first)
		return read_header(story, object);
	return json_object_has_member(object, "n") ? read_event(story, object)
						   : read_finding(story, object);
}

Story *story_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(Story) story = g_new0(Story, 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	story->events = g_ptr_array_new_with_free_func(event_free);
	story->findings = g_ptr_array_new_with_free_func(g_free);
	story->frames = g_ptr_array_new();
	story->names = g_hash_table_new(g_str_hash, g_str_equal);
	story->strings = g_string_chunk_new(1024);
	for (int i = 0; lines[i] && (*lines[i] || i == 0); i++) {
		if (read_line(story, lines[i], i == 0))
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s:%d: no racerig trace of version %d; explore again, or replay --trace",
			    name, i + 1, VERSION);
		return NULL;
	}
	name_frames(story);
	return g_steal_pointer(&story);
}

const Finding *story_main(const Story *story)
{
	return story->findings->len ? g_ptr_array_index(story->findings, 0) : NULL;
}

const char *story_name(const Story *story, const char *value)
{
	const char *name = g_hash_table_lookup(story->names, value);

	return name ? name : value;
}

char *story_rename(const Story *story, const char *text)
{
	GString *ret = g_string_new(text);

	for (guint i = 0; i < story->frames->len; i++) {
		const char *frame = g_ptr_array_index(story->frames, i);

		g_string_replace(ret, frame, story_name(story, frame), 0);
	}
	return g_string_free(ret, FALSE);
}

bool story_is_stale(const StoryEvent *event, const Story *story, int lane, int page)
{
	for (char **held = event->tlb[lane * story->n_pages + page]; *held; held++)
		if (strcmp(*held, event->after[page]) != 0)
			return true;
	return false;
}

static char *maps(const Story *story, const char *value)
{
	if (strcmp(value, "none") == 0)
		return g_strdup("empty");
	if (strcmp(value, "scratch") == 0)
		return g_strdup("the scratch page");
	const char *name = story_name(story, value);
	return g_strdup_printf("%s%s", name == value ? "" : "the ", name);
}

static char *pte_sentence(const Story *story, const StoryEvent *event)
{
	static const char *const verbs[] = { "write", "writes", "xchg", "exchanges",
					     "cmpxchg", "compares and exchanges",
					     "rmw", "changes in place", NULL };
	g_autofree char *before = maps(story, event->before[event->page]);
	g_autofree char *after = maps(story, event->after[event->page]);
	bool failed = event->did && g_str_has_prefix(event->did, "fails");
	const char *half = strstr(event->what, "load half") ? "(first half of a split operation) "
			   : strstr(event->what, "store half") ? "(second half of it) " : "";
	const char *verb = "touches";

	if (event->did && g_str_has_prefix(event->did, "sees"))
		return g_strdup_printf("%sreads the PTE of page %d: %s", half, event->page, before);
	for (int i = 0; verbs[i]; i += 2)
		if (g_strcmp0(event->access, verbs[i]) == 0)
			verb = verbs[i + 1];
	if (failed)
		return g_strdup_printf("tries to fill the PTE of page %d and fails: it finds %s",
				       event->page, before);
	return g_strdup_printf("%s%s the PTE of page %d: from %s to %s", half, verb, event->page,
			       before, after);
}

static char *access_sentence(const Story *story, const StoryEvent *event)
{
	g_autofree char *says = maps(story, event->after[event->page]);
	g_autofree char *used = event->frame ? maps(story, event->frame) : NULL;
	bool reads = g_strcmp0(event->access, "read") == 0;
	const char *verb = reads ? "reads" : "writes";

	if (event->faulted)
		return g_strdup_printf("%s page %d and takes a page fault", verb, event->page);
	if (!used)
		return g_strdup_printf("%s page %d, whose PTE says: %s", verb, event->page, says);
	if (strcmp(event->frame, event->after[event->page]) == 0)
		return g_strdup_printf("%s page %d: %s %s", verb, event->page, reads ? "from" : "to",
				       used);
	return g_strdup_printf("%s page %d: %s %s, by a stale translation; its PTE says: %s", verb,
			       event->page, reads ? "from" : "to", used, says);
}

char *story_sentence(const Story *story, const StoryEvent *event)
{
	if (strcmp(event->kind, "pte") == 0)
		return pte_sentence(story, event);
	if (strcmp(event->kind, "access") == 0)
		return access_sentence(story, event);
	if (strcmp(event->kind, "lock") == 0)
		return g_strdup("takes the arena lock");
	if (strcmp(event->kind, "evict") == 0)
		return g_strdup("has its TLB forget what it held, as a processor may at any time");
	return g_strdup(event->what);
}

guint story_number(const Story *story, const StoryEvent *event)
{
	for (guint i = event->n; i-- > 0;)
		if (story_event(story, i)->number)
			return story_event(story, i)->number;
	return 0;
}

const char *story_kind(const Finding *finding)
{
	return finding->documented ? "documented: accepted by the design"
	       : finding->manifest ? "manifest: it happened"
				   : "possible: what a TLB may hold allows it";
}

const char *story_short_line(const char *line)
{
	const char *slash = strrchr(line, '/');

	return slash ? slash + 1 : line;
}
