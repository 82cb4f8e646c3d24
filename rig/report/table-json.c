// SPDX-License-Identifier: GPL-2.0-only
#include "report/table.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"

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
	json_build_strings(builder, "invariants", row->invariants);
	json_build_strings(builder, "violated", row->violated);
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

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	int lengths = (int)strlen(left) - (int)strlen(right);

	return lengths ? lengths : strcmp(left, right);
}

static void add_once(GPtrArray *strings, const char *string)
{
	if (!g_ptr_array_find_with_equal_func(strings, string, g_str_equal, NULL))
		g_ptr_array_add(strings, g_strdup(string));
}

static void take_sorted(GPtrArray *strings, GCompareFunc order, char ***ret)
{
	g_ptr_array_sort(strings, order);
	g_ptr_array_add(strings, NULL);
	g_ptr_array_set_free_func(strings, NULL);
	g_strfreev(*ret);
	*ret = (char **)g_ptr_array_free(strings, FALSE);
}

/* What @violations are of, each once. */
static bool read_violated(TableRow *row, const Json *verdict, JsonArray *violations, GError **error)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) ways = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; violations && i < json_array_get_length(violations); i++) {
		Json violation;
		const char *id, *reason;

		if (!json_element(verdict, "violations", violations, i, &violation, error) ||
		    !json_name(&violation, "invariant", NAME_INVARIANT, &id, error) ||
		    !json_string(&violation, "reason", &reason, error))
			return false;
		g_autofree char *way = g_strconcat(id, "/", reason, NULL);
		if (!name_check(NAME_FOLDER, way, verdict->name, error))
			return false;
		add_once(ids, id);
		add_once(ways, way);
	}
	take_sorted(g_steal_pointer(&ids), by_number, &row->invariants);
	take_sorted(g_steal_pointer(&ways), by_text, &row->violated);
	return true;
}

static bool read_counts(TableRow *row, const Json *json, GError **error)
{
	gint64 executed = 0, pruned = 0, redundant = 0;
	const char *bound = NULL;

	row->complete = false;
	if (!json_maybe_int(json, "executed", 0, G_MAXINT, &executed, error) ||
	    !json_maybe_int(json, "pruned", 0, G_MAXINT64, &pruned, error) ||
	    !json_maybe_int(json, "redundant", 0, G_MAXINT, &redundant, error) ||
	    !json_maybe_bool(json, "complete", &row->complete, error) ||
	    !json_maybe_string(json, "bound", &bound, error))
		return false;
	row->executed = executed;
	row->pruned = pruned;
	row->redundant = redundant;
	g_free(row->bound);
	row->bound = g_strdup(bound);
	return true;
}

/* Where the first violation, or else what was documented, is saved. */
static bool read_schedule(TableRow *row, const Json *verdict, JsonArray *violations, GError **error)
{
	const char *schedule = NULL;
	Json first;

	if (violations && json_array_get_length(violations)) {
		if (!json_element(verdict, "violations", violations, 0, &first, error) ||
		    !json_maybe_name(&first, "schedule", NAME_FOLDER, &schedule, error))
			return false;
	} else if (json_has(verdict, "accepted")) {
		if (!json_array(verdict, "accepted", &violations, error))
			return false;
		if (json_array_get_length(violations) &&
		    (!json_element(verdict, "accepted", violations, 0, &first, error) ||
		     !json_maybe_name(&first, "schedule", NAME_FOLDER, &schedule, error)))
			return false;
	}
	g_free(row->schedule);
	row->schedule = g_strdup(schedule);
	return true;
}

/* From the run.json beside verdict.json; 0: there is none. */
static double read_wall(const char *verdict)
{
	g_autofree char *dir = g_path_get_dirname(verdict);
	g_autofree char *path = g_build_filename(dir, "run.json", NULL);
	g_autoptr(JsonObject) run = json_load(path, FILE_FOUND, NULL);
	JsonNode *wall = run ? json_object_get_member(run, "wall_s") : NULL;

	return wall && JSON_NODE_HOLDS_VALUE(wall) ? json_node_get_double(wall) : 0;
}

bool table_row_read(TableRow *row, const char *path, GError **error)
{
	g_autoptr(JsonObject) object = json_load(path, FILE_FOUND, error);
	Json json = { object, path };
	JsonArray *violations = NULL;
	const char *verdict;

	if (!object || !json_string(&json, "verdict", &verdict, error) ||
	    (json_has(&json, "violations") && !json_array(&json, "violations", &violations, error)))
		return false;
	if (!read_violated(row, &json, violations, error) || !read_counts(row, &json, error) ||
	    !read_schedule(row, &json, violations, error))
		return false;
	g_free(row->verdict);
	row->verdict = g_strdup(verdict);
	row->wall_s = read_wall(path);
	return true;
}

/* Names in the array @member. */
static bool load_strings(const Json *json, const char *member, NameKind kind, char ***ret, GError **error)
{
	JsonArray *names;
	const char *name;

	if (!json_array(json, member, &names, error))
		return false;
	g_strfreev(*ret);
	*ret = g_new0(char *, json_array_get_length(names) + 1);
	for (guint i = 0; i < json_array_get_length(names); i++) {
		if (!json_name_element(json, member, names, i, kind, &name, error))
			return false;
		(*ret)[i] = g_strdup(name);
	}
	return true;
}

/* A table of an older racerig does not say in which ways. */
static bool load_violated(TableRow *row, const Json *json, GError **error)
{
	return load_strings(json, "invariants", NAME_INVARIANT, &row->invariants, error) &&
	       (!json_has(json, "violated") ||
		load_strings(json, "violated", NAME_FOLDER, &row->violated, error));
}

static bool load_texts(TableRow *row, const Json *json, GError **error)
{
	struct {
		const char *member;
		char **field;
		bool needed;
	} texts[] = {
		{ "kind", &row->kind, true }, { "expected", &row->expected, true },
		{ "verdict", &row->verdict, true }, { "known", &row->known, false },
		{ "skipped", &row->skipped, false }, { "error", &row->error, false },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		const char *text = NULL;

		if (!(texts[i].needed ? json_string : json_maybe_string)(json, texts[i].member, &text,
									 error))
			return false;
		*texts[i].field = g_strdup(text);
	}
	return true;
}

/* What becomes paths, links and lines of a table. */
static bool load_names(TableRow *row, const Json *json, GError **error)
{
	const char *scenario, *kernel, *breaks = NULL, *folder = NULL, *schedule = NULL;

	if (!json_name(json, "scenario", NAME_SCENARIO, &scenario, error) ||
	    !json_name(json, "kernel", NAME_KERNEL, &kernel, error) ||
	    !json_maybe_name(json, "breaks", NAME_INVARIANT, &breaks, error) ||
	    !json_maybe_name(json, "folder", NAME_FOLDER, &folder, error) ||
	    !json_maybe_name(json, "schedule", NAME_FOLDER, &schedule, error))
		return false;
	row->scenario = g_strdup(scenario);
	row->kernel = g_strdup(kernel);
	row->breaks = g_strdup(breaks);
	row->folder = g_strdup(folder);
	row->schedule = g_strdup(schedule);
	return true;
}

static bool load_row(Table *table, const Json *json, GError **error)
{
	TableRow *row = table_add(table);

	return load_names(row, json, error) && load_texts(row, json, error) &&
	       load_violated(row, json, error) && read_counts(row, json, error) &&
	       json_maybe_bool(json, "named", &row->named, error) &&
	       json_maybe_bool(json, "as_expected", &row->as_expected, error);
}

Table *table_load(const char *path, GError **error)
{
	g_autoptr(JsonObject) object = json_load(path, FILE_NAMED, error);
	g_autoptr(Table) table = table_new();
	Json json = { object, path };
	JsonArray *rows;
	gint64 version;

	if (!object)
		return NULL;
	if (!json_int(&json, "racerig-suite", 1, 1, &version, NULL)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: no suite.json of this version (racerig suite writes one)", path);
		return NULL;
	}
	if (!json_array(&json, "rows", &rows, error))
		return NULL;
	for (guint i = 0; i < json_array_get_length(rows); i++) {
		Json row;

		if (!json_element(&json, "rows", rows, i, &row, error) || !load_row(table, &row, error))
			return NULL;
	}
	return g_steal_pointer(&table);
}
