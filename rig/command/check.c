// SPDX-License-Identifier: GPL-2.0-only
#include "check/check-record.h"

#include <string.h>

#include "command/command.h"
#include "report/violation-text.h"
#include "util/error.h"
#include "util/file.h"

/* What a trace starts with: there may be several in a file, one after the other. */
static const char START[] = "{\"racerig-trace\"";

static gboolean opt_json;

static const GOptionEntry entries[] = {
	{ "json", 0, 0, G_OPTION_ARG_NONE, &opt_json, "A line of JSON for each trace", NULL },
	{ NULL },
};

/* What all of them come to: the worst decides. */
typedef struct {
	int worst;	/* an exit code */
} Tally;

static void print(const Record *record, const GArray *all, const char *note)
{
	for (guint i = 0; i < all->len; i++) {
		const Violation *found = &g_array_index(all, Violation, i);
		g_autofree char *sentence = violation_text(found);

		g_print("%s %s", found->documented ? "documents" : "violates", found->invariant);
		if (found->event >= 0)
			g_print(" in line %d, decision %u", found->event + 2,
				record_number(record, found->event));
		g_print(": %s (%s)%s\n", sentence, violation_kind_text(found), note);
	}
}

static void print_text(const Record *record, const Recheck *recheck)
{
	print(record, recheck->found, "");
	print(record, recheck->missing, ", recorded and NOT found again");
	if (recheck->partial)
		g_print("not every operation had returned: I4, I9 and what I11 misses were not asked\n");
	g_print("%u events, %u found, %u of them not recorded, %u recorded and not found\n",
		record->events->len, recheck->found->len, recheck->unrecorded,
		recheck->missing->len);
}

static JsonArray *violations_json(const GArray *all)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < all->len; i++)
		json_array_add_object_element(array,
					      violation_json(&g_array_index(all, Violation, i)));
	return array;
}

static void print_object(JsonObject *object)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, object);
	g_autofree char *text = json_to_string(node, FALSE);
	g_print("%s\n", text);
}

/* {"trace","events","found":[…],"unrecorded","missing":[…],"partial","unexplained"?} */
static void print_json(const char *name, const Record *record, const Recheck *recheck)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "trace", name);
	json_object_set_int_member(object, "events", record->events->len);
	json_object_set_array_member(object, "found", violations_json(recheck->found));
	json_object_set_int_member(object, "unrecorded", recheck->unrecorded);
	json_object_set_array_member(object, "missing", violations_json(recheck->missing));
	json_object_set_boolean_member(object, "partial", recheck->partial);
	if (recheck->unexplained)
		json_object_set_string_member(object, "unexplained", recheck->unexplained);
	print_object(object);
}

/* {"trace","damaged"} */
static void print_damaged(const char *name, const GError *error)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "trace", name);
	json_object_set_string_member(object, "damaged", error->message);
	print_object(object);
}

/* One trace.  In JSON one that is damaged is a line like any other, and the next one follows. */
static bool check_one(const char *text, const char *name, Tally *tally, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autoptr(Record) record = record_parse(text, name, &local);

	if (!record && !opt_json) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	if (!record) {
		print_damaged(name, local);
		tally->worst = EXIT_BROKEN;
		return true;
	}
	g_autoptr(Recheck) recheck = check_record(record);
	if (opt_json) {
		print_json(name, record, recheck);
	} else if (recheck->unexplained) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s: no verdict can rest on that", name,
			    recheck->unexplained);
		return false;
	} else {
		print_text(record, recheck);
	}
	int came = recheck->unexplained ? EXIT_BROKEN
		   : recheck_violates(recheck) || recheck->unrecorded || recheck->missing->len
			   ? EXIT_UNEXPECTED : EXIT_EXPECTED;
	tally->worst = MAX(tally->worst, came);
	return true;
}

/* All traces of one file; the second is called FILE#2. */
static bool check_text(char *text, const char *name, Tally *tally, GError **error)
{
	g_autofree char *boundary = g_strconcat("\n", START, NULL);
	int n = 1;

	do {
		char *next = strstr(text, boundary);
		g_autofree char *called = n == 1 ? g_strdup(name) : g_strdup_printf("%s#%d", name, n);

		if (next)
			*next++ = '\0';
		if (!check_one(text, called, tally, error))
			return false;
		text = next;
		n++;
	} while (text);
	return true;
}

static char *read_input(const char *path, GError **error)
{
	return strcmp(path, "-") == 0 ? file_read_stdin(FILE_MAX_BYTES, error)
				      : file_read_text(path, FILE_NAMED, FILE_MAX_BYTES, error);
}

static bool check_file(const char *path, Tally *tally, GError **error)
{
	g_autofree char *text = read_input(path, error);

	return text && check_text(text, path, tally, error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every *.jsonl in @path, by name; there must be one. */
static bool check_folder(const char *path, Tally *tally, GError **error)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *file;

	while (dir && (file = g_dir_read_name(dir)))
		if (g_str_has_suffix(file, ".jsonl"))
			g_ptr_array_add(files, g_build_filename(path, file, NULL));
	if (!files->len) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: no trace (*.jsonl) is in it", path);
		return false;
	}
	g_ptr_array_sort(files, by_name);
	for (guint i = 0; i < files->len; i++) {
		const char *name = g_ptr_array_index(files, i);

		if (!opt_json)
			g_print("%s\n", name);
		if (!check_file(name, tally, error))
			return false;
	}
	return true;
}

int command_check(int argc, char **argv, GCancellable *cancel, GError **error)
{
	Tally tally = { EXIT_EXPECTED };

	(void)cancel;
	if (!command_parse(&argc, &argv, entries, "TRACE…", COMMAND_SOME,
			   "Run the invariants over traces, or folders of them, without a guest.", error))
		return EXIT_BROKEN;
	for (int i = 1; i < argc; i++)
		if (!(g_file_test(argv[i], G_FILE_TEST_IS_DIR) ? check_folder
							      : check_file)(argv[i], &tally, error))
			return EXIT_BROKEN;
	return tally.worst;
}
