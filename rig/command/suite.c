// SPDX-License-Identifier: GPL-2.0-only
#include "suite/suite.h"

#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "report/junit.h"
#include "report/ktap.h"
#include "report/markdown.h"
#include "report/summary.h"
#include "util/error.h"

static char *opt_group = "full", *opt_time, *opt_out = "racerig-runs/suite";
static char *opt_shard, *opt_costs;
static char *opt_ktap, *opt_junit, *opt_summary, *opt_compare;
static char **opt_scenarios, **opt_kernels;
static int opt_jobs = 1;
static gboolean opt_resume, opt_require_built;

static const GOptionEntry entries[] = {
	{ "group", 'g', 0, G_OPTION_ARG_STRING, &opt_group, "quick, full (the default) or mutants",
	  "G" },
	{ "scenario", 's', 0, G_OPTION_ARG_STRING_ARRAY, &opt_scenarios,
	  "Only this scenario; may be given again", "S" },
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING_ARRAY, &opt_kernels,
	  "Only this kernel, or one of your own; may be given again", "K" },
	{ "jobs", 'j', 0, G_OPTION_ARG_INT, &opt_jobs, "Pairs side by side (1)", "J" },
	{ "max-time", 0, 0, G_OPTION_ARG_STRING, &opt_time,
	  "Stop after 90s, 15m or 2h; the shortest pairs come first, and the rest is not run", "T" },
	{ "shard", 0, 0, G_OPTION_ARG_STRING, &opt_shard,
	  "Only part I of N, for racerig merge", "I/N" },
	{ "costs", 0, 0, G_OPTION_ARG_FILENAME, &opt_costs,
	  "What pairs took before: a suite's run.json; the shards are dealt out by it", "FILE" },
	{ "require-built", 0, 0, G_OPTION_ARG_NONE, &opt_require_built,
	  "A kernel that is not built is an error; without this it is skipped", NULL },
	{ "resume", 0, 0, G_OPTION_ARG_NONE, &opt_resume,
	  "Go on where an earlier suite into the same folder was stopped", NULL },
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "Folder (racerig-runs/suite)", "DIR" },
	{ "ktap", 0, 0, G_OPTION_ARG_FILENAME, &opt_ktap,
	  "Write KTAP there, too; '-': to stdout instead of the table", "FILE" },
	{ "junit", 0, 0, G_OPTION_ARG_FILENAME, &opt_junit, "Write JUnit XML there, too", "FILE" },
	{ "summary", 0, 0, G_OPTION_ARG_FILENAME, &opt_summary,
	  "Append Markdown there, as to $GITHUB_STEP_SUMMARY", "FILE" },
	{ "compare", 0, 0, G_OPTION_ARG_FILENAME, &opt_compare,
	  "Say what changed since this suite.json", "FILE" },
	COMMAND_CONNECT,
	{ NULL },
};

static gboolean write_file(const char *path, const char *mode, const char *text, GError **error)
{
	FILE *file = fopen(path, mode);
	gboolean ok = file && fputs(text, file) >= 0;

	ok = file && fclose(file) == 0 && ok;
	if (!ok)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: cannot be written", path);
	return ok;
}

/* What the options want beyond the folder's own files. */
static gboolean write_copies(const Table *table, const Comparison *comparison, GError **error)
{
	gboolean to_stdout = opt_ktap && strcmp(opt_ktap, "-") == 0;
	g_autofree char *ktap = ktap_text(table), *junit = junit_text(table, true);
	g_autofree char *summary = markdown_text(table, comparison);

	if (to_stdout)
		g_print("%s", ktap);
	return (!opt_ktap || to_stdout || write_file(opt_ktap, "w", ktap, error)) &&
	       (!opt_junit || write_file(opt_junit, "w", junit, error)) &&
	       (!opt_summary || write_file(opt_summary, "a", summary, error));
}

static void print(const Table *table, const Comparison *comparison)
{
	g_autofree char *text = summary_text(table, opt_out);

	if (opt_ktap && strcmp(opt_ktap, "-") == 0)
		return;
	g_print("%s", text);
	if (comparison) {
		g_autofree char *changes = comparison_text(comparison);
		g_print("\ncompared with %s\n%s", opt_compare, changes);
	}
	g_print("folder %s (suite.json, summary.md, suite.ktap, junit.xml, runs/)\n", opt_out);
}

static Shard *make_shard(const Selection *selection, const Costs *costs, GError **error)
{
	int index, count;

	if (!shard_parse(opt_shard, &index, &count, error))
		return NULL;
	return shard_new(selection, opt_group, command_connect, costs, index, count, error);
}

int command_suite(int argc, char **argv, GCancellable *cancel, GError **error)
{
	SuiteOptions options = { 0 };

	if (!command_parse(&argc, &argv, entries, NULL, 0,
			   "The scenario x kernel table against what is expected.", error))
		return EXIT_BROKEN;
	if (opt_jobs < 1 || opt_jobs > 64) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--jobs %d: give 1 to 64", opt_jobs);
		return EXIT_BROKEN;
	}
	if (opt_time && !command_duration(opt_time, &options.max_seconds, error))
		return EXIT_BROKEN;
	if (!command_check_qemu(error))
		return EXIT_BROKEN;
	/* Read now: --out may be the folder that it lies in. */
	g_autoptr(Table) before = opt_compare ? table_load(opt_compare, error) : NULL;
	if (opt_compare && !before)
		return EXIT_BROKEN;
	g_autoptr(Selection) selection = selection_new(opt_group, opt_scenarios, opt_kernels, error);
	g_autoptr(Costs) costs = opt_costs ? costs_load(opt_costs, error) : NULL;
	if (!selection || (opt_costs && !costs))
		return EXIT_BROKEN;
	g_autoptr(Shard) shard = opt_shard ? make_shard(selection, costs, error) : NULL;
	if (opt_shard && !shard)
		return EXIT_BROKEN;
	g_autoptr(Table) table = NULL;
	options.shard = shard;
	options.costs = costs;
	options.jobs = opt_jobs;
	options.resume = opt_resume;
	options.require_built = opt_require_built;
	options.connect = command_connect;
	options.out = opt_out;
	if (!suite_run(selection, &options, cancel, &table, error))
		return EXIT_BROKEN;
	g_autoptr(Comparison) comparison = before ? compare_tables(before, table) : NULL;
	if (!suite_write(opt_out, table, comparison, error) ||
	    !write_copies(table, comparison, error))
		return EXIT_BROKEN;
	print(table, comparison);
	return command_table_code(table);
}
