// SPDX-License-Identifier: GPL-2.0-only
#include "explore/publish.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/kernel.h"
#include "explore/facts.h"
#include "explore/folder.h"
#include "explore/journal.h"
#include "report/evidence.h"
#include "report/html.h"
#include "util/error.h"
#include "util/json.h"
#include "util/paths.h"

/* A tree of a hundred thousand schedules is no page: without one it is whole but for that. */
static bool has_tree(const char *journal)
{
	struct stat there;

	if (g_lstat(journal, &there))
		return false;
	if (there.st_size <= FILE_MAX_BYTES)
		return true;
	g_message("%s has %d MiB: report.html is without the tree of schedules", journal,
		  (int)(there.st_size >> 20));
	return false;
}

static RunData *load(const char *out, GError **error)
{
	g_autofree char *journal = folder_path(out, "journal");
	bool tree = has_tree(journal);
	GPtrArray *outcomes = tree ? journal_outcomes(journal, error) : NULL;

	return tree && !outcomes ? NULL : run_data_load(out, outcomes, error);
}

/* Where the lines of the kernel that the folder was made on can be read: NULL-terminated. */
static char **source_roots(const RunData *data)
{
	const char *key = run_data_environment(data, "key"), *tree = "";

	if (!name_is(NAME_KEY, key))
		return g_new0(char *, 1);
	g_autofree char *build = g_build_filename("builds", key, NULL);
	g_autofree char *path = paths_in_cache(build);
	g_autofree char *file = g_build_filename(path, "kernel.json", NULL);
	g_autoptr(JsonObject) object = json_load(file, FILE_NAMED, NULL);
	Json json = { object, file };

	return object && json_string(&json, "tree", &tree, NULL) ? kernel_source_roots(path, tree)
								  : g_new0(char *, 1);
}

/* Lines known from an earlier time stay: the tree may have gone. */
static bool collect_sources(RunData *data, GError **error)
{
	g_auto(GStrv) roots = source_roots(data);
	g_autofree char *kfuncs = paths_in_data("guest-kernel/kfuncs");

	for (guint i = 0; i < data->cases->len; i++) {
		const Case *one = g_ptr_array_index(data->cases, i);

		for (guint j = 0; j < one->view->record->events->len; j++) {
			const char *line = record_event(one->view->record, j)->line;

			if (line)
				source_text_add(data->sources, line, roots, kfuncs);
		}
	}
	g_autofree char *text = source_text_json(data->sources);
	return folder_write(data->dir, "sources.json", text, error);
}

bool publish(const char *out, GError **error)
{
	g_autoptr(RunData) data = load(out, error);

	if (!data || !collect_sources(data, error))
		return false;
	g_autofree char *evidence = evidence_text(data);
	g_autofree char *page = html_run(data);
	return folder_write(out, "evidence.txt", evidence, error) &&
	       folder_write(out, "report.html", page, error);
}

/* A link may lead out where a name does not. */
static bool is_below(const char *run, const char *dir, GError **error)
{
	g_autofree char *real = realpath(run, NULL), *top = realpath(dir, NULL);
	g_autofree char *prefix = g_strconcat(top, "/", NULL);

	if (real && top && g_str_has_prefix(real, prefix))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: leads out of %s", run, dir);
	return false;
}

bool publish_suite(const char *dir, GError **error)
{
	g_autofree char *path = folder_path(dir, "suite.json");
	g_autoptr(Table) table = table_load(path, error);

	if (!table)
		return false;
	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);
		g_autofree char *run = row->folder ? folder_path(dir, row->folder) : NULL;
		g_autofree char *verdict = run ? folder_path(run, "verdict.json") : NULL;

		if (!verdict || !g_file_test(verdict, G_FILE_TEST_EXISTS))
			continue;
		if (!is_below(run, dir, error) || !publish(run, error))
			return false;
	}
	g_autofree char *page = html_suite(table);
	return folder_write(dir, "report.html", page, error);
}

static bool every_schedule(Session *session, const char *out, int times, GError **error)
{
	g_autofree char *schedules = folder_path(out, "schedules");
	g_autoptr(GDir) dir = g_dir_open(schedules, 0, error);
	const char *file;

	if (!dir)
		return false;
	while ((file = g_dir_read_name(dir))) {
		if (!g_str_has_suffix(file, ".sched"))
			continue;
		g_autofree char *stem = g_strndup(file, strlen(file) - strlen(".sched"));
		if (!facts_write(session, out, stem, times, error))
			return false;
	}
	return true;
}

bool publish_each(const char *out, PublishFunc *func, gpointer data, GError **error)
{
	g_autoptr(RunData) run = run_data_load(out, NULL, error);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	if (!run)
		return false;
	for (guint i = 0; i < run->cases->len; i++) {
		const Case *one = g_ptr_array_index(run->cases, i);
		const Violation *found = record_main(one->view->record);
		const char *what = !found ? "clean" : found->documented ? "documented"
				   : found->invariant;

		if (g_hash_table_add(seen, (char *)what) && !func(data, one->stem, error))
			return false;
	}
	return true;
}

typedef struct {
	Session *session;
	const char *out;
	int times;
} Replays;

static bool replay(gpointer data, const char *stem, GError **error)
{
	const Replays *replays = data;

	return facts_write(replays->session, replays->out, stem, replays->times, error);
}

bool publish_facts(Session *session, const char *out, int times, bool all, GError **error)
{
	Replays replays = { session, out, times };

	return all ? every_schedule(session, out, times, error)
		   : publish_each(out, replay, &replays, error);
}
