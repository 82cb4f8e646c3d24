// SPDX-License-Identifier: GPL-2.0-only
#include "explore/facts.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "explore/folder.h"
#include "util/file.h"

/* For regs_each(). */
static void set_hex(const char *name, guint64 value, gpointer object)
{
	g_autofree char *text = g_strdup_printf("%#" G_GINT64_MODIFIER "x", value);

	json_object_set_string_member(object, name, text);
}

static JsonArray *registers_json(const GArray *registers)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < registers->len; i++) {
		const Regs *regs = &g_array_index(registers, Regs, i);
		JsonObject *object = json_object_new();

		regs_each(regs, set_hex, object);
		json_array_add_object_element(array, object);
	}
	return array;
}

static bool save(const char *out, const char *stem, JsonObject *facts, const char *trace,
		 GError **error)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	g_autofree char *file = g_strdup_printf("facts/%s.json", stem);
	g_autofree char *trace_file = g_strdup_printf("trace/%s.jsonl", stem);
	g_autofree char *folder = folder_path(out, "facts");
	g_autofree char *trace_path = folder_path(out, trace_file);

	json_node_set_object(node, facts);
	g_autofree char *json = json_to_string(node, FALSE);
	g_autofree char *line = g_strconcat(json, "\n", NULL);
	g_mkdir_with_parents(folder, 0755);
	return folder_write(out, file, line, error) &&
	       (g_file_test(trace_path, G_FILE_TEST_EXISTS) ||
		folder_write(out, trace_file, trace, error));
}

bool facts_write(Session *session, const char *out, const char *stem, int times, GError **error)
{
	g_autofree char *schedule_file = g_strdup_printf("schedules/%s.sched", stem);
	g_autofree char *trace_file = g_strdup_printf("trace/%s.jsonl", stem);
	g_autofree char *schedule_path = folder_path(out, schedule_file);
	g_autofree char *trace_path = folder_path(out, trace_file);
	g_autofree char *text = file_read_text(schedule_path, FILE_FOUND, SCHEDULE_MAX_BYTES, error);
	g_autofree char *trace = file_read_text(trace_path, FILE_FOUND, FILE_MAX_BYTES, NULL);
	g_autofree char *hash = NULL;
	g_autoptr(GArray) registers = g_array_new(FALSE, FALSE, sizeof(Regs));
	int identical = 0, lost = 0;

	g_autoptr(Schedule) schedule = text ? schedule_parse(text, schedule_path, error) : NULL;
	if (!schedule)
		return false;
	for (int i = 0; i < times; i++) {
		g_autofree char *diverged = NULL, *hash_now = NULL;

		session->registers = registers;
		g_autoptr(Outcome) outcome = run_schedule(session, schedule, &diverged, error);
		session->registers = NULL;
		if (!outcome)
			return false;
		g_autoptr(GError) local = NULL;
		hash_now = guest_hash(session->guest, false, &local);
		if (!hash_now && !session_recover(session, &lost, g_steal_pointer(&local), error))
			return false;
		if (!hash_now) {
			i--;
			continue;
		}
		if (!trace)
			trace = g_strdup(outcome->trace);
		if (!hash)
			hash = g_strdup(hash_now);
		identical += !diverged && strcmp(trace, outcome->trace) == 0 &&
			     strcmp(hash, hash_now) == 0;
	}
	g_autoptr(JsonObject) facts = json_object_new();
	json_object_set_int_member(facts, "racerig-facts", 1);
	json_object_set_int_member(facts, "replays", times);
	json_object_set_int_member(facts, "identical", identical);
	json_object_set_object_member(facts, "frames", trace_frames(session->trace));
	json_object_set_array_member(facts, "registers", registers_json(registers));
	return save(out, stem, facts, trace, error);
}
