// SPDX-License-Identifier: GPL-2.0-only
#include "report/run-data.h"

#include <string.h>

#include "arch/arch.h"
#include "report/stored.h"
#include "report/unseen-text.h"
#include "report/verdict.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/noise.h"

static void case_free(gpointer data)
{
	Case *one = data;

	g_free(one->stem);
	g_free(one->schedule);
	trace_view_free(one->view);
	g_clear_pointer(&one->facts, json_object_unref);
	g_free(one);
}

static void mutant_free(gpointer data)
{
	MutantRun *mutant = data;

	g_free(mutant->kernel);
	g_free(mutant->title);
	g_free(mutant->verdict);
	g_free(mutant->invariants);
	g_free(mutant);
}

void run_data_free(RunData *data)
{
	if (!data)
		return;
	g_free(data->dir);
	g_free(data->name);
	g_clear_pointer(&data->verdict, json_object_unref);
	g_array_unref(data->violations);
	g_array_unref(data->accepted);
	g_ptr_array_unref(data->cases);
	g_ptr_array_unref(data->mutants);
	source_text_free(data->sources);
	g_free(data->console);
	tree_free(data->tree);
	g_clear_pointer(&data->outcomes, g_ptr_array_unref);
	g_free(data);
}

static char *read_text(const char *dir, const char *folder, const char *stem, const char *suffix,
		       GError **error)
{
	g_autofree char *file = g_strconcat(stem, suffix, NULL);
	g_autofree char *path = g_build_filename(dir, folder, file, NULL);

	return file_read(path, FILE_FOUND, FILE_MAX_BYTES, NULL, error);
}

static Case *load_case(const char *dir, const char *stem, GError **error)
{
	g_autofree char *name = g_strdup_printf("%s/trace/%s.jsonl", dir, stem);
	g_autofree char *facts = g_strdup_printf("%s/facts/%s.json", dir, stem);
	g_autofree char *schedule = read_text(dir, "schedules", stem, ".sched", error);
	g_autofree char *trace = schedule ? read_text(dir, "trace", stem, ".jsonl", error) : NULL;
	g_autoptr(TraceView) view = trace ? trace_view_parse(trace, name, error) : NULL;
	bool replayed = g_file_test(facts, G_FILE_TEST_EXISTS);
	g_autoptr(JsonObject) stored = view && replayed ? stored_facts(facts, error) : NULL;
	Case *one;
	int actor = -1;

	if (!view || (replayed && !stored))
		return NULL;
	one = g_new0(Case, 1);
	one->stem = g_strdup(stem);
	one->schedule = g_steal_pointer(&schedule);
	one->facts = g_steal_pointer(&stored);
	for (guint i = 0; i < view->record->events->len; i++) {
		const RecordEvent *event = record_event(view->record, i);

		if (!event->number)
			continue;
		one->switches += one->decisions++ && actor != event->event.actor;
		actor = event->event.actor;
	}
	one->view = g_steal_pointer(&view);
	return one;
}

/* How soon a reader wants it: violations, what was documented, the rest. */
static int rank(const Case *one)
{
	const Violation *found = record_main(one->view->record);

	return !found ? 2 : found->documented;
}

static int by_interest(gconstpointer a, gconstpointer b)
{
	const Case *left = *(Case *const *)a, *right = *(Case *const *)b;

	if (rank(left) != rank(right))
		return rank(left) - rank(right);
	if (rank(left) < 2 && left->switches != right->switches)
		return left->switches - right->switches;
	if (rank(left) < 2 && left->decisions != right->decisions)
		return (int)left->decisions - (int)right->decisions;
	return strcmp(left->stem, right->stem);
}

static bool load_cases(RunData *data, GError **error)
{
	g_autofree char *path = g_build_filename(data->dir, "schedules", NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, error);
	const char *file;

	if (!dir)
		return false;
	while ((file = g_dir_read_name(dir))) {
		if (!g_str_has_suffix(file, ".sched"))
			continue;
		g_autofree char *stem = g_strndup(file, strlen(file) - strlen(".sched"));
		g_autofree char *trace =
			g_strdup_printf("%s/trace/%s.jsonl", data->dir, stem);
		/* A minimised schedule has a trace once it was replayed for the report. */
		if (!g_file_test(trace, G_FILE_TEST_EXISTS))
			continue;
		Case *one = load_case(data->dir, stem, error);
		if (!one)
			return false;
		g_ptr_array_add(data->cases, one);
	}
	g_ptr_array_sort(data->cases, by_interest);
	return true;
}

static const char *member(JsonObject *object, const char *name)
{
	return json_object_get_string_member_with_default(object, name, "");
}

/* The list @name of @verdict. */
static bool read_violations(const Json *verdict, const char *name, GArray *ret, GError **error)
{
	JsonArray *array = NULL;

	if (!json_array(verdict, name, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		RunViolation one = { 0 };
		Json json;

		if (!json_element(verdict, name, array, i, &json, error) ||
		    !violation_from_json(&json, &one.found, error) ||
		    !json_interned(&json, "schedule", &one.schedule, error) ||
		    !json_small(&json, "switches", 0, G_MAXINT, &one.switches, error))
			return false;
		g_array_append_val(ret, one);
	}
	return true;
}

static bool read_verdict(RunData *data, const char *path, GError **error)
{
	int version = 0;

	data->verdict = stored_verdict(path, error);
	Json json = { data->verdict, path };
	if (!data->verdict)
		return false;
	if (json_small(&json, "racerig-verdict", VERDICT_VERSION, VERDICT_VERSION, &version, NULL))
		return read_violations(&json, "violations", data->violations, error) &&
		       read_violations(&json, "accepted", data->accepted, error);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s: no verdict of version %d; explore again", path, VERDICT_VERSION);
	return false;
}

static char *violated(JsonObject *verdict)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	g_autoptr(GArray) violations = g_array_new(FALSE, FALSE, sizeof(RunViolation));
	Json json = { verdict, "verdict.json" };

	if (!read_violations(&json, "violations", violations, NULL))
		return g_strdup("");
	for (guint i = 0; i < violations->len; i++) {
		const char *id = g_array_index(violations, RunViolation, i).found.invariant;

		if (!g_ptr_array_find_with_equal_func(ids, id, g_str_equal, NULL))
			g_ptr_array_add(ids, (char *)id);
	}
	g_ptr_array_add(ids, NULL);
	return g_strjoinv(" ", (char **)ids->pdata);
}

static int by_kernel(gconstpointer a, gconstpointer b)
{
	const MutantRun *left = *(MutantRun *const *)a, *right = *(MutantRun *const *)b;

	return strcmp(left->kernel, right->kernel);
}

/* A scenario that kills mutants is one whose passes mean something. */
static void load_mutants(RunData *data)
{
	g_autofree char *beside = g_path_get_dirname(data->dir);
	g_autoptr(GDir) dir = g_dir_open(beside, 0, NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(beside, name, "verdict.json", NULL);
		g_autoptr(JsonObject) verdict = stored_verdict(path, NULL);

		if (!verdict || strcmp(member(verdict, "kernel_kind"), "mutant") != 0 ||
		    strcmp(member(verdict, "scenario"), run_data_string(data, "scenario")) != 0 ||
		    !g_hash_table_add(seen, g_strdup(member(verdict, "kernel"))))
			continue;
		MutantRun *mutant = g_new0(MutantRun, 1);
		mutant->kernel = g_strdup(member(verdict, "kernel"));
		mutant->title = g_strdup(member(verdict, "kernel_title"));
		mutant->verdict = g_strdup(member(verdict, "verdict"));
		mutant->invariants = violated(verdict);
		mutant->complete =
			json_object_get_boolean_member_with_default(verdict, "complete", FALSE);
		g_ptr_array_add(data->mutants, mutant);
	}
	g_ptr_array_sort(data->mutants, by_kernel);
}

RunData *run_data_load(const char *dir, GPtrArray *outcomes, GError **error)
{
	g_autoptr(RunData) data = g_new0(RunData, 1);
	g_autofree char *verdict = g_build_filename(dir, "verdict.json", NULL);
	g_autofree char *sources = g_build_filename(dir, "sources.json", NULL);
	g_autofree char *console = g_build_filename(dir, "console.log", NULL);
	g_autofree char *lines = NULL;

	data->dir = g_canonicalize_filename(dir, NULL);
	data->name = g_path_get_basename(data->dir);
	data->cases = g_ptr_array_new_with_free_func(case_free);
	data->mutants = g_ptr_array_new_with_free_func(mutant_free);
	data->outcomes = outcomes;
	data->tree = outcomes ? tree_new(outcomes) : NULL;
	data->violations = g_array_new(FALSE, FALSE, sizeof(RunViolation));
	data->accepted = g_array_new(FALSE, FALSE, sizeof(RunViolation));
	if (!read_verdict(data, verdict, error) || !load_cases(data, error))
		return NULL;
	lines = file_read(sources, FILE_FOUND, FILE_MAX_BYTES, NULL, NULL);
	if (lines)
		data->sources = source_text_parse(lines);
	if (!data->sources)
		data->sources = source_text_new();
	data->console = file_read(console, FILE_FOUND, FILE_MAX_BYTES, NULL, NULL);
	if (!data->console)
		data->console = g_strdup("");
	load_mutants(data);
	return g_steal_pointer(&data);
}

const char *run_data_string(const RunData *data, const char *name)
{
	return member(data->verdict, name);
}

const char *run_data_environment(const RunData *data, const char *name)
{
	JsonNode *node = json_object_get_member(data->verdict, "environment");

	return node && JSON_NODE_HOLDS_OBJECT(node) ? member(json_node_get_object(node), name) : "";
}

gint64 run_data_int(const RunData *data, const char *name)
{
	return json_object_get_int_member_with_default(data->verdict, name, 0);
}

bool run_data_bool(const RunData *data, const char *name)
{
	return json_object_get_boolean_member_with_default(data->verdict, name, FALSE);
}

const Case *run_data_main(const RunData *data)
{
	return data->cases->len ? g_ptr_array_index(data->cases, 0) : NULL;
}

guint64 case_pte(const Case *one, const char *name)
{
	JsonNode *frames = one->facts ? json_object_get_member(one->facts, "frames") : NULL;

	if (!frames || !JSON_NODE_HOLDS_OBJECT(frames))
		return 0;
	return g_ascii_strtoull(member(json_node_get_object(frames), name), NULL, 0);
}

bool case_replays(const Case *one, int *ret_identical, int *ret_all)
{
	if (!one->facts)
		return false;
	*ret_identical = json_object_get_int_member_with_default(one->facts, "identical", 0);
	*ret_all = json_object_get_int_member_with_default(one->facts, "replays", 0);
	return *ret_all > 0;
}

const char *run_data_coverage(const RunData *data)
{
	if (!run_data_bool(data, "complete"))
		return noise_constant("NOT complete: there are interleavings that were not run");
	return noise_constant(*run_data_string(data, "bound")
				      ? "complete within the bound"
				      : "complete: every interleaving of the events");
}

/* The strings of array @member of the verdict, with commas; the caller's. */
static char *joined(const RunData *data, const char *member)
{
	JsonArray *names = json_object_has_member(data->verdict, member)
		? json_object_get_array_member(data->verdict, member) : NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; names && i < json_array_get_length(names); i++)
		g_string_append_printf(text, "%s%s", i ? ", " : "",
				       json_array_get_string_element(names, i));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void add_cycles(const RunData *data, GPtrArray *list)
{
	g_autofree char *grown = joined(data, "cycles_grown");

	g_ptr_array_add(list, g_strdup_printf(
		"What comes after a repeated state: %" G_GINT64_FORMAT " schedules were cut there. "
		"All of memory was the same as before%s%s.", run_data_int(data, "cycles"),
		*grown ? ", but for what grows: " : "", grown));
}

static void add_unsettled(const RunData *data, GPtrArray *list)
{
	g_autofree char *differs = joined(data, "unsettled_differs");

	g_ptr_array_add(list, g_strdup_printf(
		"%" G_GINT64_FORMAT " schedules were cut that went round and round in registers and "
		"PTEs, each time with other memory: %s.", run_data_int(data, "unsettled"), differs));
}

char **run_data_not_covered(const RunData *data)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	g_autoptr(JsonArray) none = json_array_new();
	JsonArray *verbs = json_object_has_member(data->verdict, "unseen_verbs")
		? json_object_get_array_member(data->verdict, "unseen_verbs") : none;
	JsonArray *made = json_object_has_member(data->verdict, "unwatched")
		? json_object_get_array_member(data->verdict, "unwatched") : none;

	if (!run_data_bool(data, "complete"))
		g_ptr_array_add(list, g_strdup("Interleavings that were not run: this run ended "
					       "before it was complete."));
	if (*run_data_string(data, "bound"))
		g_ptr_array_add(list, g_strdup_printf("Schedules out of bound: %s.",
						      run_data_string(data, "bound")));
	if (run_data_int(data, "cycles"))
		add_cycles(data, list);
	if (run_data_int(data, "unsettled"))
		add_unsettled(data, list);
	if (run_data_int(data, "partial"))
		g_ptr_array_add(list, g_strdup_printf(
			"The books at the end of %" G_GINT64_FORMAT " schedules: somebody crashed or waited "
			"while another's operation had not returned, so I4 and I9 were not asked what is "
			"left, nor I11 what was not reported.", run_data_int(data, "partial")));
	g_autofree char *unseen = unseen_text(data->verdict);
	if (unseen)
		g_ptr_array_add(list, g_strdup_printf("What is touched and is no event, counted in one "
						      "schedule in which every actor goes as far as it "
						      "can: %s.", unseen));
	for (guint i = 0; i < json_array_get_length(verbs); i++)
		g_ptr_array_add(list, g_strdup_printf(
			"Nothing that %s does is an event: it is explored in the order of what stands around "
			"it.", json_array_get_string_element(verbs, i)));
	for (guint i = 0; i < json_array_get_length(made); i++) {
		const char *text = unwatched_text(json_array_get_string_element(made, i));

		if (text)
			g_ptr_array_add(list, g_strdup_printf("No event is %s.", text));
	}
	g_ptr_array_add(list, g_strdup("SC only: sequential consistency, one instruction at a time, "
				       "as TCG runs it; no store buffers, no reordering."));
	g_ptr_array_add(list, g_strdup_printf("Only the listed actors, one operation each, and only the "
					      "watched pages; %s, TCG's devices.", ARCH.title));
	g_ptr_array_add(list, g_strdup("\"Exhaustive\" holds for the events and the bound named "
				       "here, for nothing else."));
	g_ptr_array_add(list, g_strdup("A pass of a rig that kills no mutants proves nothing."));
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}
