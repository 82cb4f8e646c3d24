// SPDX-License-Identifier: GPL-2.0-only
#include "suite/suite.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "command/hunt-kernel.h"
#include "command/verify-hunt.h"
#include "explore/folder.h"
#include "report/summary.h"
#include "util/child.h"
#include "util/error.h"
#include "util/file-lock.h"
#include "util/paths.h"

static char *opt_group = "full", *opt_time, *opt_out = "racerig-runs/verify", *opt_tree;
static char **opt_patches, **opt_base_patches, **opt_scenarios, **opt_configs;
static int opt_jobs = 1, opt_ram, opt_failures = -1;
static char *opt_verbs, *opt_setup;
static gboolean opt_resume, opt_bisect, opt_hunt;

static const GOptionEntry entries[] = {
	{ "tree", 't', 0, G_OPTION_ARG_FILENAME, &opt_tree,
	  "Your kernel tree (the source of the stock kernel)", "DIR" },
	{ "patch", 'p', 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_patches,
	  "The patch in question; may be given again", "FILE" },
	{ "base-patch", 'b', 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_base_patches,
	  "What is applied before and after; may be given again", "FILE" },
	{ "config", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt_configs,
	  "Part of a configuration, as in kernel build; may be given again", "FRAGMENT" },
	{ "ram", 0, 0, G_OPTION_ARG_INT, &opt_ram, "The guest's, as in kernel build", "MIB" },
	{ "bisect", 0, 0, G_OPTION_ARG_NONE, &opt_bisect,
	  "For git bisect run: only with the patches; exit 1: an invariant is violated, "
	  "0: none is, 125: cannot say", NULL },
	{ "group", 'g', 0, G_OPTION_ARG_STRING, &opt_group, "quick or full (the default)", "G" },
	{ "scenario", 's', 0, G_OPTION_ARG_STRING_ARRAY, &opt_scenarios,
	  "Only this scenario; may be given again", "S" },
	{ "hunt", 0, 0, G_OPTION_ARG_NONE, &opt_hunt,
	  "Not the scenarios but the hunt (racerig hunt --help), without the patch and with it", NULL },
	{ "verbs", 0, 0, G_OPTION_ARG_STRING, &opt_verbs, "With --hunt: only these", "V,…" },
	{ "setup", 0, 0, G_OPTION_ARG_STRING, &opt_setup, "With --hunt: only from here", "TEXT" },
	{ "failures", 0, 0, G_OPTION_ARG_INT, &opt_failures,
	  "With --hunt: up to F calls a schedule that may fail do (0)", "F" },
	{ "jobs", 'j', 0, G_OPTION_ARG_INT, &opt_jobs, "Pairs, or guests of a hunt, side by side (1)", "J" },
	{ "max-time", 0, 0, G_OPTION_ARG_STRING, &opt_time,
	  "Stop each of both after 90s, 15m or 2h", "T" },
	{ "resume", 0, 0, G_OPTION_ARG_NONE, &opt_resume,
	  "Go on where an earlier run into the same folder was stopped", NULL },
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "Folder (racerig-runs/verify)", "DIR" },
	COMMAND_CONNECT,
	{ NULL },
};

static const char BEFORE[] = "verify-before", AFTER[] = "verify-after";

/* git bisect run: this commit cannot be tested; and: no commit can, stop. */
enum { EXIT_BISECT_SKIP = 125, EXIT_BISECT_STOP = 128 };

static void add_option(GPtrArray *argv, const char *option, char **values)
{
	for (; values && *values; values++) {
		g_ptr_array_add(argv, (char *)option);
		g_ptr_array_add(argv, *values);
	}
}

/* The build and whatever it started. */
static void end_build(GCancellable *cancel, gpointer process)
{
	(void)cancel;
	const char *pid = g_subprocess_get_identifier(process);

	if (pid)
		kill(-(pid_t)g_ascii_strtoll(pid, NULL, 10), SIGTERM);
}

/* guest-kernel/build knows what is there already; when it fails it has said why: no @error then. */
static gboolean build(const char *name, char **patches, GCancellable *cancel, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
	g_autofree char *program = paths_in_data("guest-kernel/build");
	g_autofree char *ram = g_strdup_printf("%d", opt_ram);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	g_ptr_array_add(argv, program);
	g_ptr_array_add(argv, (char *)name);
	if (opt_tree) {
		g_ptr_array_add(argv, "--tree");
		g_ptr_array_add(argv, opt_tree);
	}
	add_option(argv, "--patch", opt_base_patches);
	add_option(argv, "--patch", patches);
	add_option(argv, "--config", opt_configs);
	if (opt_ram)
		add_option(argv, "--ram", (char *[]){ ram, NULL });
	g_ptr_array_add(argv, NULL);
	g_autoptr(GSubprocess) process =
		child_start(launcher, (const char *const *)argv->pdata, NULL, error);
	if (!process)
		return FALSE;
	gulong id = g_cancellable_connect(cancel, G_CALLBACK(end_build), process, NULL);
	g_subprocess_wait(process, NULL, NULL);
	g_cancellable_disconnect(cancel, id);
	return !g_cancellable_set_error_if_cancelled(cancel, error) &&
	       g_subprocess_get_successful(process);
}

/* One at a time: all call their kernels BEFORE and AFTER. */
static FileLock *lock_names(GCancellable *cancel, GError **error)
{
	g_autofree char *kernels = paths_in_cache("kernels");
	g_autofree char *path = g_build_filename(kernels, AFTER, NULL);

	return file_lock(path, cancel, error);
}

/* The suite on one kernel, into its own folder below --out. */
static Table *run(const char *kernel, const char *side, double max_seconds, GCancellable *cancel,
		  GError **error)
{
	g_autofree char *out = folder_path(opt_out, side);
	g_autoptr(Selection) selection =
		selection_new(opt_group, opt_scenarios, (char *[]){ (char *)kernel, NULL }, error);
	SuiteOptions options = {
		.jobs = opt_jobs, .max_seconds = max_seconds, .resume = opt_resume, .out = out,
		.connect = command_connect,
	};
	g_autoptr(Table) table = NULL;

	if (!selection || !suite_run(selection, &options, cancel, &table, error) ||
	    !suite_write(out, table, NULL, error))
		return NULL;
	g_autofree char *text = summary_text(table, out);
	g_print("== %s: %s\n%s\n", side, kernel, text);
	return g_steal_pointer(&table);
}

/* "WORDS: A, B, C and 2 more" */
static char *naming(const char *words, const GPtrArray *list)
{
	enum { NAMED = 3 };
	GString *text = g_string_new(words);

	for (guint i = 0; i < list->len && i < NAMED; i++)
		g_string_append_printf(text, "%s%s", i ? ", " : ": ",
				       (char *)g_ptr_array_index(list, i));
	if (list->len > NAMED)
		g_string_append_printf(text, " and %u more", list->len - NAMED);
	return g_string_free(text, FALSE);
}

/* Where everything ran and nothing is worse: what the patch has mended, if anything. */
static char *conclude_good(const TableCounts *was, const Comparison *comparison)
{
	if (comparison->mended->len)
		return naming("fails before, passes after", comparison->mended);
	if (was->unexpected)
		return g_strdup("fails before, passes after");
	if (comparison->kept->len)
		return naming("passes before and after, with what is known of it", comparison->kept);
	return g_strdup("passes before and after");
}

/* What was measured, in words; *@code is the exit code. */
static char *conclude(const Table *before, const Table *after, const Comparison *comparison,
		      int *code)
{
	TableCounts was = table_count(before), is = table_count(after);
	gboolean passes = is.as_expected && is.as_expected + is.skipped == is.pairs;

	*code = EXIT_UNEXPECTED;
	if (was.broken || is.broken) {
		*code = EXIT_BROKEN;
		return g_strdup("the rig broke on some pairs");
	}
	if (is.unexpected)
		return g_strdup(was.unexpected ? "fails before and after"
				: was.inconclusive || was.not_run ? "fails after; before is not finished"
						   : "passes before, FAILS after");
	if (was.inconclusive || is.inconclusive || was.not_run || is.not_run)
		return g_strdup("not finished; --resume goes on");
	if (!passes) {
		*code = EXIT_SKIPPED;
		return g_strdup("nothing could be run");
	}
	if (comparison->violated->len)
		return naming("violates after what it did not before", comparison->violated);
	*code = EXIT_EXPECTED;
	return conclude_good(&was, comparison);
}

/* What was built, as lines of Markdown. */
static gboolean describe(GString *text, const char *side, const char *name, GError **error)
{
	g_autoptr(Kernel) kernel = kernel_find(name, error);

	if (!kernel)
		return FALSE;
	g_string_append_printf(text, "- %s: Linux %s from %s, patches: %s; build %s, config %.16s, %s\n",
			       side, kernel->release, kernel->source,
			       *kernel->patches ? kernel->patches : "none", kernel->key,
			       kernel->config_sha256, kernel->origin.compiler);
	return TRUE;
}

static gboolean write_evidence(const char *sentence, const char *before, const char *text,
			       GError **error)
{
	g_autoptr(GString) page = g_string_new(NULL);

	g_string_append_printf(page, "## racerig verify: %s\n\n", sentence);
	if (!describe(page, "before", before, error) || !describe(page, "after", AFTER, error))
		return FALSE;
	const char *file = opt_hunt ? "report.html" : "summary.md";
	g_string_append_printf(page, "\n~~~~text\n%s~~~~\n\n[before](before/%s) and [after](after/%s) have "
			       "the tables and the interleavings.\n", text, file, file);
	return folder_write(opt_out, "verify.md", page->str, error);
}

/* What is said of a hunt, and that there is one. */
static gboolean check_hunt(GError **error)
{
	if (!opt_hunt && (opt_verbs || opt_setup || opt_failures >= 0)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "--verbs, --setup and --failures go with --hunt");
		return FALSE;
	}
	if (opt_hunt && (opt_scenarios || opt_bisect)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "--hunt runs no scenario, and does not go with --bisect; leave one of them out");
		return FALSE;
	}
	if (opt_failures < -1 || opt_failures > SCHEDULE_MAX_FAILURES) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--failures %d: give 0 to 9", opt_failures);
		return FALSE;
	}
	return TRUE;
}

static gboolean check_options(double *max_seconds, GError **error)
{
	if (!check_hunt(error))
		return FALSE;
	if (!opt_patches && !opt_bisect) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "--patch is missing: what is to be verified? (--bisect asks of the tree alone)");
		return FALSE;
	}
	if (opt_jobs < 1 || opt_jobs > 64) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--jobs %d: give 1 to 64", opt_jobs);
		return FALSE;
	}
	if (strcmp(opt_group, "mutants") == 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "--group mutants: give quick or full");
		return FALSE;
	}
	for (char **patch = opt_patches; patch && *patch; patch++) {
		if (access(*patch, R_OK) == 0)
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", *patch,
			    g_strerror(errno));
		return FALSE;
	}
	for (char **name = opt_scenarios; name && *name; name++) {
		g_autoptr(Scenario) scenario = scenario_find(*name, error);

		if (!scenario)
			return FALSE;
	}
	return !opt_time || command_duration(opt_time, max_seconds, error);
}

static gboolean parse(int argc, char **argv, double *max_seconds, GError **error)
{
	return command_parse(&argc, &argv, entries, NULL, 0,
			     "Run the suite without a patch and with it, and compare.", error) &&
	       check_options(max_seconds, error) && command_check_qemu(error);
}

/* Of the tree alone: good, bad, or not to be judged.  Prints what it says. */
static int bisect(double max_seconds, GCancellable *cancel, GError **error)
{
	g_autoptr(GPtrArray) violated = g_ptr_array_new_with_free_func(g_free);

	if (!build(AFTER, opt_patches, cancel, error))
		return EXIT_BISECT_SKIP;
	g_autoptr(Table) table = run(AFTER, "after", max_seconds, cancel, error);
	if (!table)
		return EXIT_BISECT_SKIP;
	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);
		g_autofree char *ids = g_strjoinv(";", row->invariants);

		if (*row->invariants)
			g_ptr_array_add(violated, g_strdup_printf("%s of %s", ids, row->scenario));
	}
	TableCounts counts = table_count(table);
	gboolean judged = counts.as_expected + counts.unexpected && !counts.inconclusive &&
			  !counts.not_run && !counts.broken;
	g_autofree char *bad = naming("bad", violated);
	g_print("%s\n", violated->len ? bad
			: judged       ? "good: no invariant is violated"
				       : "cannot say: not everything could be run to its end");
	return violated->len ? EXIT_UNEXPECTED : judged ? EXIT_EXPECTED : EXIT_BISECT_SKIP;
}

/* By scenarios; the exit code, *@ret_sentence and *@ret_text as for verify_by_hunt(). */
static int verify_by_suite(const char *base, double max_seconds, GCancellable *cancel,
			   char **ret_sentence, char **ret_text, GError **error)
{
	int code;
	g_autoptr(Table) before = run(base, "before", max_seconds, cancel, error);
	g_autoptr(Table) after = before ? run(AFTER, "after", max_seconds, cancel, error) : NULL;
	if (!after)
		return EXIT_BROKEN;
	g_autoptr(Comparison) comparison = compare_tables(before, after);
	*ret_text = comparison_text(comparison);
	*ret_sentence = conclude(before, after, comparison, &code);
	return code;
}

static int verify_all_combinations(const char *base, double max_seconds, GCancellable *cancel,
				   char **ret_sentence, char **ret_text, GError **error)
{
	g_autoptr(HuntAbout) about = about_new();
	HuntOptions options = { .each = { .cancel = cancel }, .jobs = opt_jobs, .max_seconds = max_seconds,
				.resume = opt_resume, .out = opt_out };

	about->scope.verbs = opt_verbs ? g_strsplit(opt_verbs, ",", -1) : NULL;
	about->scope.setup = g_strdup(opt_setup);
	about->failures = opt_failures < 0 ? HUNT_FAILURES : opt_failures;
	about->max_schedules = HUNT_SCHEDULES;
	return verify_by_hunt(base, AFTER, about, &options, ret_sentence, ret_text, error);
}

static int verify(double max_seconds, GCancellable *cancel, GError **error)
{
	const char *base = opt_tree || opt_base_patches || opt_configs || opt_ram ? BEFORE : "stock";
	g_autofree char *sentence = NULL, *text = NULL;

	if (!build(base, NULL, cancel, error) || !build(AFTER, opt_patches, cancel, error))
		return EXIT_BROKEN;
	int code = (opt_hunt ? verify_all_combinations : verify_by_suite)(base, max_seconds, cancel,
									  &sentence, &text, error);
	if (!sentence || !write_evidence(sentence, base, text, error))
		return EXIT_BROKEN;
	g_print("== compared\n%s\n%s\nfolder %s (verify.md, before/, after/)\n", text, sentence, opt_out);
	return code;
}

/* What is wrong with the arguments is wrong with every commit. */
static int verify_for_bisect(int argc, char **argv, GCancellable *cancel)
{
	g_autoptr(GError) error = NULL;
	double max_seconds = 0;
	int code = EXIT_BISECT_STOP;

	g_autoptr(FileLock) lock =
		parse(argc, argv, &max_seconds, &error) ? lock_names(cancel, &error) : NULL;
	if (lock)
		code = bisect(max_seconds, cancel, &error);
	if (error)
		g_printerr("racerig: %s\n", error->message);
	return g_cancellable_is_cancelled(cancel) ? EXIT_BISECT_STOP : code;
}

int command_verify(int argc, char **argv, GCancellable *cancel, GError **error)
{
	double max_seconds = 0;

	if (g_strv_contains((const char *const *)argv, "--bisect"))
		return verify_for_bisect(argc, argv, cancel);
	g_autoptr(FileLock) lock =
		parse(argc, argv, &max_seconds, error) ? lock_names(cancel, error) : NULL;
	return lock ? verify(max_seconds, cancel, error) : EXIT_BROKEN;
}
