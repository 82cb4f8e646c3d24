// SPDX-License-Identifier: GPL-2.0-only
#include "report/table.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#include "event/fields.h"
#include "util/error.h"

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
	json_builder_set_member_name(builder, name);
	if (value)
		json_builder_add_string_value(builder, value);
	else
		json_builder_add_null_value(builder);
}

static void add_int(JsonBuilder *builder, const char *name, gint64 value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_int_value(builder, value);
}

static void add_bool(JsonBuilder *builder, const char *name, bool value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_boolean_value(builder, value);
}

static void add_row(JsonBuilder *builder, const TableRow *row)
{
	json_builder_begin_object(builder);
	add_string(builder, "scenario", row->scenario);
	add_string(builder, "kernel", row->kernel);
	add_string(builder, "kind", row->kind);
	add_string(builder, "breaks", row->breaks);
	add_string(builder, "expected", row->expected);
	add_bool(builder, "named", row->named);
	add_string(builder, "known", row->known);
	add_string(builder, "verdict", row->verdict);
	json_builder_set_member_name(builder, "invariants");
	json_builder_begin_array(builder);
	for (char **id = row->invariants; *id; id++)
		json_builder_add_string_value(builder, *id);
	json_builder_end_array(builder);
	add_string(builder, "bound", row->bound);
	add_bool(builder, "complete", row->complete);
	add_int(builder, "executed", row->executed);
	add_int(builder, "pruned", row->pruned);
	add_bool(builder, "as_expected", row->as_expected);
	add_string(builder, "skipped", row->skipped);
	add_string(builder, "error", row->error);
	add_string(builder, "folder", row->folder);
	add_string(builder, "schedule", row->schedule);
	json_builder_end_object(builder);
}

char *table_json(const Table *table)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();

	json_builder_begin_object(builder);
	add_int(builder, "racerig-suite", 1);
	json_builder_set_member_name(builder, "rows");
	json_builder_begin_array(builder);
	for (guint i = 0; i < table->rows->len; i++)
		add_row(builder, g_ptr_array_index(table->rows, i));
	json_builder_end_array(builder);
	json_builder_end_object(builder);
	g_autoptr(JsonNode) node = json_builder_get_root(builder);
	g_autofree char *text = json_to_string(node, TRUE);
	return g_strconcat(text, "\n", NULL);
}

/* The object at the root of the file, which @parser keeps. */
static JsonObject *load(JsonParser *parser, const char *path, const char *what, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *text = NULL;
	gsize length;

	if (access(path, R_OK)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, g_strerror(errno));
		return NULL;
	}
	bool ok = g_file_get_contents(path, &text, &length, &local) &&
		  json_parser_load_from_data(parser, text, length, &local);
	JsonNode *root = ok ? json_parser_get_root(parser) : NULL;

	if (root && JSON_NODE_HOLDS_OBJECT(root))
		return json_node_get_object(root);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path,
		    local ? local->message : what);
	return NULL;
}

static char *string_of(JsonObject *object, const char *name)
{
	return g_strdup(json_object_get_string_member_with_default(object, name, NULL));
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	int lengths = (int)strlen(left) - (int)strlen(right);

	return lengths ? lengths : strcmp(left, right);
}

/* The ids in @violations, each once. */
static char **invariants_of(JsonArray *violations)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new();

	for (guint i = 0; violations && i < json_array_get_length(violations); i++) {
		JsonObject *violation = json_array_get_object_element(violations, i);
		const char *id = json_object_get_string_member(violation, "invariant");

		if (!g_ptr_array_find_with_equal_func(ids, id, g_str_equal, NULL))
			g_ptr_array_add(ids, g_strdup(id));
	}
	g_ptr_array_sort(ids, by_number);
	g_ptr_array_add(ids, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&ids), FALSE);
}

/* Of the first in a list of violations; NULL: none. */
static char *schedule_of(JsonObject *object, const char *list)
{
	JsonArray *array = NULL;
	const char *schedule = NULL;

	if (!field_array(object, list, FIELD_OPTIONAL, 1, G_MAXUINT, &array) || !array)
		return NULL;
	JsonNode *first = json_array_get_element(array, 0);
	if (JSON_NODE_HOLDS_OBJECT(first))
		field_string(json_node_get_object(first), "schedule", FIELD_OPTIONAL, &schedule);
	return g_strdup(schedule);
}

/* From the run.json beside verdict.json; 0: there is none. */
static double read_wall(const char *verdict)
{
	g_autofree char *dir = g_path_get_dirname(verdict);
	g_autofree char *path = g_build_filename(dir, "run.json", NULL);
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonObject *run = load(parser, path, "no run.json of racerig's", NULL);
	JsonNode *wall = run ? json_object_get_member(run, "wall_s") : NULL;

	return wall && JSON_NODE_HOLDS_VALUE(wall) ? json_node_get_double(wall) : 0;
}

bool table_row_read(TableRow *row, const char *path, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonObject *object = load(parser, path, "no verdict of racerig's", error);

	if (!object)
		return false;
	JsonArray *violations = json_object_has_member(object, "violations")
					? json_object_get_array_member(object, "violations") : NULL;
	g_free(row->verdict);
	g_free(row->bound);
	g_clear_pointer(&row->schedule, g_free);
	row->verdict = string_of(object, "verdict");
	row->bound = string_of(object, "bound");
	row->complete = json_object_get_boolean_member_with_default(object, "complete", FALSE);
	row->executed = json_object_get_int_member_with_default(object, "executed", 0);
	row->pruned = json_object_get_int_member_with_default(object, "pruned", 0);
	row->wall_s = read_wall(path);
	g_strfreev(row->invariants);
	row->invariants = invariants_of(violations);
	row->schedule = *row->invariants ? schedule_of(object, "violations")
		: schedule_of(object, "accepted");
	if (row->verdict)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: no verdict in it", path);
	return false;
}

static bool load_row(Table *table, JsonNode *node)
{
	if (!JSON_NODE_HOLDS_OBJECT(node))
		return false;
	JsonObject *object = json_node_get_object(node);
	TableRow *row = table_add(table);
	JsonNode *ids = json_object_get_member(object, "invariants");
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (guint i = 0; ids && JSON_NODE_HOLDS_ARRAY(ids) &&
			  i < json_array_get_length(json_node_get_array(ids)); i++)
		g_ptr_array_add(list, g_strdup(json_array_get_string_element(
					      json_node_get_array(ids), i)));
	g_ptr_array_add(list, NULL);
	g_strfreev(row->invariants);
	row->invariants = (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
	row->scenario = string_of(object, "scenario");
	row->kernel = string_of(object, "kernel");
	row->kind = string_of(object, "kind");
	row->breaks = string_of(object, "breaks");
	row->expected = string_of(object, "expected");
	row->named = json_object_get_boolean_member_with_default(object, "named", FALSE);
	row->known = string_of(object, "known");
	row->verdict = string_of(object, "verdict");
	row->bound = string_of(object, "bound");
	row->complete = json_object_get_boolean_member_with_default(object, "complete", FALSE);
	row->executed = json_object_get_int_member_with_default(object, "executed", 0);
	row->pruned = json_object_get_int_member_with_default(object, "pruned", 0);
	row->as_expected = json_object_get_boolean_member_with_default(object, "as_expected", FALSE);
	row->skipped = string_of(object, "skipped");
	row->error = string_of(object, "error");
	row->folder = string_of(object, "folder");
	row->schedule = string_of(object, "schedule");
	return row->scenario && row->kernel && row->kind && row->expected && row->verdict;
}

Table *table_load(const char *path, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(Table) table = table_new();
	JsonObject *object = load(parser, path, "no suite.json of racerig's", error);

	if (!object)
		return NULL;
	JsonNode *rows = json_object_get_member(object, "rows");
	bool ok = json_object_get_int_member_with_default(object, "racerig-suite", 0) == 1 &&
		  rows && JSON_NODE_HOLDS_ARRAY(rows);
	for (guint i = 0; ok && i < json_array_get_length(json_node_get_array(rows)); i++)
		ok = load_row(table, json_array_get_element(json_node_get_array(rows), i));
	if (ok)
		return g_steal_pointer(&table);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s: no suite.json of this version (racerig suite writes one)", path);
	return NULL;
}
