// SPDX-License-Identifier: GPL-2.0-only
#include "suite/merge.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore/folder.h"
#include "explore/merge.h"
#include "suite/suite.h"
#include "util/error.h"
#include "util/json.h"

typedef struct {
	const char *dir;
	Shard *shard;
	Table *table;		/* of a suite; NULL: it has not ended */
	bool ended, irq_events;	/* of an exploration */
} Part;

typedef struct {
	GPtrArray *parts;	/* of Part, by shard; NULL: nobody gave it */
	const Part *first;
	GHashTable *snapshots;	/* name -> SHA-256 of its contents */
	GString *missing;	/* a line for each part that nobody has, or that has not ended */
	const char *out;
} Merge;

static void part_free(gpointer data)
{
	Part *part = data;

	if (!part)
		return;
	shard_free(part->shard);
	table_free(part->table);
	g_free(part);
}

static bool fail(GError **error, const char *dir, const char *what, const char *fix)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s; %s", dir, what, fix);
	return false;
}

static void merge_deinit(Merge *merge)
{
	g_clear_pointer(&merge->parts, g_ptr_array_unref);
	g_clear_pointer(&merge->snapshots, g_hash_table_unref);
	if (merge->missing)
		g_string_free(g_steal_pointer(&merge->missing), TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Merge, merge_deinit)

static JsonObject *pair_of(const Shard *shard, const TableRow *row)
{
	for (guint i = 0; i < json_array_get_length(shard->pairs); i++) {
		JsonObject *pair = json_array_get_object_element(shard->pairs, i);

		if (json_object_get_int_member(pair, "shard") == shard->index &&
		    strcmp(json_object_get_string_member(pair, "scenario"), row->scenario) == 0 &&
		    strcmp(json_object_get_string_member(pair, "kernel"), row->kernel) == 0)
			return pair;
	}
	return NULL;
}

/* No two snapshots of one name are the same unless their contents are. */
static bool check_snapshot(Merge *merge, const char *run, GError **error)
{
	g_autofree char *path = folder_path(run, "run.json");
	g_autoptr(JsonObject) object = json_load(path, FILE_FOUND, error);
	Json json = { object, path };
	const char *name, *sum;

	if (!object || !json_string(&json, "snapshot", &name, error) ||
	    !json_name(&json, "snapshot_sha256", NAME_KEY, &sum, error))
		return false;
	/* What a text does comes after the snapshot. */
	g_autofree char *file = g_strndup(name, strcspn(name, "+"));
	const char *known = g_hash_table_lookup(merge->snapshots, file);
	if (known && strcmp(known, sum) != 0) {
		g_autofree char *shown = name_shown(file);

		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: snapshot %s has other contents than in another shard (%.12s, not %.12s): "
			    "two boots are not the same; give all machines one cache, or one pack", path,
			    shown, sum, known);
		return false;
	}
	g_hash_table_replace(merge->snapshots, g_strdup(file), g_strdup(sum));
	return true;
}

/* That the verdict is of the build that the shard was for, and says what the row says. */
static bool check_verdict(const TableRow *row, const char *run, JsonObject *pair, GError **error)
{
	g_autofree char *path = folder_path(run, "verdict.json");
	g_autoptr(JsonObject) object = json_load(path, FILE_FOUND, error);
	Json json = { object, path }, environment;
	const char *scenario, *kernel, *key, *verdict;

	if (!object || !json_string(&json, "scenario", &scenario, error) ||
	    !json_string(&json, "kernel", &kernel, error) ||
	    !json_string(&json, "verdict", &verdict, error) ||
	    !json_object(&json, "environment", &environment, error) ||
	    !json_string(&environment, "key", &key, error))
		return false;
	if (strcmp(scenario, row->scenario) != 0 || strcmp(kernel, row->kernel) != 0 ||
	    strcmp(key, json_object_get_string_member(pair, "build")) != 0)
		return fail(error, path, "it is of another scenario, kernel or build than the shard",
			    "run the shard again");
	g_autoptr(Table) table = table_new();
	TableRow *again = table_add(table);
	if (!table_row_read(again, path, error))
		return false;
	g_autofree char *said = g_strjoinv(";", row->invariants);
	g_autofree char *there = g_strjoinv(";", again->invariants);
	return (strcmp(row->verdict, verdict) == 0 && strcmp(said, there) == 0 &&
		row->complete == again->complete && row->executed == again->executed) ||
	       fail(error, path, "it does not say what suite.json says", "run the shard again");
}

static bool check_row(Merge *merge, const Part *part, TableRow *row, GError **error)
{
	JsonObject *pair = pair_of(part->shard, row);
	g_autofree char *folder = g_build_filename("runs", row->scenario, row->kernel, NULL);
	g_autofree char *run = folder_path(part->dir, folder);
	g_autofree char *verdict = folder_path(run, "verdict.json");
	bool ran = row->folder && g_file_test(verdict, G_FILE_TEST_EXISTS);

	if (!pair)
		return fail(error, part->dir, "suite.json has a pair that is not this shard's",
			    "run the shard again");
	if (row->folder && strcmp(row->folder, folder) != 0)
		return fail(error, part->dir, "suite.json has a pair in another pair's folder",
			    "run the shard again");
	if (!ran)
		return row->skipped || row->error || table_row_is_not_run(row) ||
		       strcmp(row->verdict, "inconclusive") == 0 ||
		       fail(error, verdict, "it is missing", "run the shard again");
	/* One that was stopped before it had a verdict says nothing; an old one is none. */
	if (row->error || row->skipped)
		return true;
	return check_verdict(row, run, pair, error) && check_snapshot(merge, run, error);
}

static bool check_rows(Merge *merge, const Part *part, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint wanted = 0;

	for (guint i = 0; i < part->table->rows->len; i++) {
		TableRow *row = g_ptr_array_index(part->table->rows, i);

		if (!g_hash_table_add(seen, g_strdup_printf("%s %s", row->scenario, row->kernel)))
			return fail(error, part->dir, "suite.json has a pair twice", "run the shard again");
		if (!check_row(merge, part, row, error))
			return false;
	}
	for (guint i = 0; i < json_array_get_length(part->shard->pairs); i++)
		wanted += json_object_get_int_member(
				  json_array_get_object_element(part->shard->pairs, i), "shard") ==
			  part->shard->index;
	return wanted == g_hash_table_size(seen) ||
	       fail(error, part->dir, "suite.json lacks a pair of this shard", "run the shard again");
}

/* What is true of its run, if that has ended. */
static bool check_exploration(Merge *merge, Part *part, GError **error)
{
	g_autofree char *path = folder_path(part->dir, "run.json");
	g_autoptr(JsonObject) object = NULL;
	Json json = { NULL, path };

	part->ended = g_file_test(path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK);
	if (!part->ended)
		return true;
	object = json_load(path, FILE_FOUND, error);
	json.object = object;
	if (!object || !json_bool(&json, "irq_events", &part->irq_events, error) ||
	    !check_snapshot(merge, part->dir, error))
		return false;
	for (guint i = 0; i < merge->parts->len; i++) {
		const Part *other = g_ptr_array_index(merge->parts, i);

		if (!other || !other->ended || other->irq_events == part->irq_events)
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: in %s an interrupt does more than flush a TLB, here nobody knew; run this "
			    "shard again with --irq-events", part->irq_events ? other->dir : part->dir,
			    part->irq_events ? part->dir : other->dir);
		return false;
	}
	return true;
}

static bool add_part(Merge *merge, const char *dir, GError **error)
{
	g_autoptr(Shard) shard = shard_load(dir, error);
	g_autofree char *json = folder_path(dir, "suite.json");

	if (!shard || (merge->first && !shard_belongs(merge->first->shard, merge->first->dir, shard, dir,
						       error)))
		return false;
	g_ptr_array_set_size(merge->parts, shard->count);
	const Part *known = g_ptr_array_index(merge->parts, shard->index - 1);
	if (known) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "shard %d/%d is there twice: %s and %s; leave one out", shard->index,
			    shard->count, known->dir, dir);
		return false;
	}
	Part *part = g_new0(Part, 1);
	part->dir = dir;
	part->shard = g_steal_pointer(&shard);
	merge->parts->pdata[part->shard->index - 1] = part;
	if (!merge->first)
		merge->first = part;
	if (shard_split(part->shard))
		return check_exploration(merge, part, error);
	if (!g_file_test(json, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
		return true;
	part->table = table_load(json, error);
	return part->table && check_rows(merge, part, error);
}

/* Look at all of @dirs; nothing is written. */
static bool merge_open(Merge *merge, const char *const *dirs, const char *out, GError **error)
{
	g_autofree char *own = folder_path(out, "shard.json");

	merge->parts = g_ptr_array_new_with_free_func(part_free);
	merge->snapshots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	merge->missing = g_string_new(NULL);
	merge->out = out;
	if (g_file_test(own, G_FILE_TEST_EXISTS))
		return fail(error, out, "it is a shard's folder", "give another --out");
	for (const char *const *dir = dirs; *dir; dir++)
		if (!add_part(merge, *dir, error))
			return false;
	return true;
}

static void add_missing(Merge *merge, guint part)
{
	const Part *there = g_ptr_array_index(merge->parts, part);

	g_string_append_printf(merge->missing, "shard %u/%u %s%s\n", part + 1, merge->parts->len,
			       there ? "has not ended; run it again with --resume: " : "is missing",
			       there ? there->dir : "");
}

static char *missing_text(const Merge *merge)
{
	return merge->missing->len ? g_strdup(merge->missing->str) : NULL;
}

static bool copy_file(const char *from, const char *to, const char *relative, GError **error)
{
	g_autofree char *source = folder_path(from, relative), *target = folder_path(to, relative);
	gsize len;

	if (!g_file_test(source, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
		return true;
	g_autofree char *text = file_read(source, FILE_FOUND, FILE_MAX_BYTES, &len, error);
	return text && g_file_set_contents(target, text, len, error);
}

static bool copy_folder(const char *from, const char *to, const char *name, const char *suffix,
			GError **error)
{
	g_autofree char *source = folder_path(from, name), *target = folder_path(to, name);
	g_autoptr(GDir) dir = g_dir_open(source, 0, NULL);
	const char *file;

	if (g_mkdir_with_parents(target, 0755))
		return fail(error, target, "cannot be made", "give another --out");
	while (dir && (file = g_dir_read_name(dir))) {
		if (!name_is(NAME_SCHEDULE, file) || !g_str_has_suffix(file, suffix))
			continue;
		g_autofree char *relative = g_build_filename(name, file, NULL);
		if (!copy_file(from, to, relative, error))
			return false;
	}
	return true;
}

/* What a run folder has, and nothing else. */
static bool copy_run(const char *from, const char *to, GError **error)
{
	static const char *const files[] = { "verdict.json", "run.json", "journal", "console.log",
					     "sources.json", "explore.txt" };

	if (!copy_folder(from, to, "schedules", ".sched", error) ||
	    !copy_folder(from, to, "trace", ".jsonl", error) ||
	    !copy_folder(from, to, "facts", ".json", error))
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
		if (!copy_file(from, to, files[i], error))
			return false;
	return true;
}

static bool add_row(const Merge *merge, const Part *part, TableRow *row, GError **error)
{
	g_autofree char *from = row->folder ? folder_path(part->dir, row->folder) : NULL;
	g_autofree char *to = row->folder ? folder_path(merge->out, row->folder) : NULL;
	g_autofree char *verdict = from ? folder_path(from, "verdict.json") : NULL;
	g_autofree char *log = from ? folder_path(from, "explore.txt") : NULL;

	if (!from || !g_file_test(from, G_FILE_TEST_IS_DIR))
		return true;
	if (!row->error && !row->skipped && g_file_test(verdict, G_FILE_TEST_EXISTS) &&
	    !table_row_read(row, verdict, error))
		return false;
	if (!row->as_expected)
		row->log = file_read(log, FILE_FOUND, FILE_MAX_BYTES, NULL, NULL);
	return copy_run(from, to, error);
}

/* The pairs of a part that nobody has, or that has not ended. */
static void add_not_run(const Merge *merge, int index, Table *table)
{
	JsonArray *pairs = merge->first->shard->pairs;

	for (guint i = 0; i < json_array_get_length(pairs); i++) {
		JsonObject *pair = json_array_get_object_element(pairs, i);
		TableRow *row;

		if (json_object_get_int_member(pair, "shard") != index)
			continue;
		row = table_add(table);
		row->scenario = g_strdup(json_object_get_string_member(pair, "scenario"));
		row->kernel = g_strdup(json_object_get_string_member(pair, "kernel"));
		row->expected = g_strdup(json_object_get_string_member(pair, "expected"));
		row->kind = g_strdup(json_object_get_string_member(pair, "kind"));
		row->breaks = g_strdup(json_object_get_string_member(pair, "breaks"));
		if (!*row->breaks)
			g_clear_pointer(&row->breaks, g_free);
		row->verdict = g_strdup("not run");
	}
}

static bool add_rows(Merge *merge, Table *table, GError **error)
{
	for (guint i = 0; i < merge->parts->len; i++) {
		Part *part = g_ptr_array_index(merge->parts, i);

		if (!part || !part->table) {
			add_missing(merge, i);
			add_not_run(merge, i + 1, table);
			continue;
		}
		while (part->table->rows->len) {
			TableRow *row = g_ptr_array_steal_index(part->table->rows, 0);

			g_ptr_array_add(table->rows, row);
			if (!add_row(merge, part, row, error))
				return false;
		}
	}
	return true;
}

bool merge_suite(const char *const *dirs, const char *out, Table **ret, char **ret_missing,
		 GError **error)
{
	g_auto(Merge) merge = { 0 };
	g_autoptr(Table) table = table_new();

	if (!merge_open(&merge, dirs, out, error) || !suite_make_folder(out, error) ||
	    !add_rows(&merge, table, error))
		return false;
	table_sort(table);
	if (!suite_write(out, table, NULL, error))
		return false;
	*ret_missing = missing_text(&merge);
	*ret = g_steal_pointer(&table);
	return true;
}

int merge_split(const char *dir, GError **error)
{
	g_autoptr(Shard) shard = shard_load(dir, error);

	return shard ? shard_split(shard) : -1;
}

bool merge_exploration(const char *const *dirs, const char *out, Verdict **ret, char **ret_missing,
		       GError **error)
{
	g_auto(Merge) merge = { 0 };

	if (!merge_open(&merge, dirs, out, error))
		return false;
	g_assert(merge.first);	/* at least one folder is named */
	guint n = merge.parts->len;
	g_autofree const char **by_part = g_new0(const char *, n);
	g_autofree bool *ended = g_new0(bool, n);
	for (guint i = 0; i < n; i++) {
		const Part *part = g_ptr_array_index(merge.parts, i);

		by_part[i] = part && part->ended ? part->dir : NULL;
	}
	MergeParts what = { by_part, n, shard_split(merge.first->shard) };
	if (!explore_merge(&what, out, ended, ret, error))
		return false;
	for (guint i = 0; i < n; i++)
		if (!ended[i])
			add_missing(&merge, i);
	*ret_missing = missing_text(&merge);
	return true;
}
