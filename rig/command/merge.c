// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <unistd.h>

#include "command/hunt-kernel.h"
#include "explore/folder.h"
#include "hunt/blame.h"
#include "hunt/merge.h"
#include "hunt/publish.h"
#include "report/summary.h"
#include "suite/cost.h"
#include "suite/merge.h"
#include "util/error.h"

static char *opt_out = "racerig-runs/merged", *opt_costs;

static const GOptionEntry entries[] = {
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "Folder (racerig-runs/merged)", "DIR" },
	{ "costs", 0, 0, G_OPTION_ARG_FILENAME, &opt_costs,
	  "Of a split: a suite's run.json that has the pair, to say what the split costs", "FILE" },
	{ NULL },
};

static int merge_suites(const char *const *dirs, GError **error)
{
	g_autoptr(Table) table = NULL;
	g_autofree char *missing = NULL;

	if (!merge_suite(dirs, opt_out, &table, &missing, error))
		return EXIT_BROKEN;
	g_autofree char *text = summary_text(table, opt_out);
	g_print("%s%sfolder %s (suite.json, summary.md, suite.ktap, junit.xml, runs/)\n", text,
		missing ? missing : "", opt_out);
	return missing ? EXIT_UNEXPECTED : command_table_code(table);
}

static int merge_explorations(const char *const *dirs, GError **error)
{
	g_autoptr(Verdict) verdict = NULL;
	g_autofree char *missing = NULL;
	g_autoptr(Costs) costs = opt_costs ? costs_load(opt_costs, error) : NULL;

	if (opt_costs && !costs)
		return EXIT_BROKEN;
	if (!merge_exploration(dirs, opt_out, &verdict, &missing, error))
		return EXIT_BROKEN;
	g_auto(GStrv) violated = verdict_invariants(verdict);
	g_autofree char *ids = g_strjoinv(" ", violated);
	gint64 before = costs_begun(costs, verdict->scenario, verdict->kernel);
	g_autofree char *split = verdict_split_text(verdict, before);
	g_print("%s%s%s\n  schedules  %d executed, %d violating, %" G_GUINT64_FORMAT
		" pruned, %d redundant\n  split      %s\n  coverage   %s\n"
		"  folder     %s (evidence.txt, report.html)\n%s",
		verdict->verdict, *ids ? ": " : "", ids, verdict->executed, verdict->violating,
		verdict->pruned, verdict->redundant, split ? split : "nothing ran",
		verdict->complete ? "complete: every interleaving of the events" : "NOT complete", opt_out,
		missing ? missing : "");
	return missing || !verdict->complete || verdict->violating ? EXIT_UNEXPECTED : EXIT_EXPECTED;
}

/* What takes the hunt's kernel is left out where that is not here. */
static gboolean ask_kernel(HuntResult *result, GCancellable *cancel, GError **error)
{
	const HuntAbout *about = result->hunt->about;
	g_autoptr(GError) local = NULL;
	g_autoptr(Kernel) kernel = kernel_find(about->kernel, &local);

	if (!kernel || g_strcmp0(kernel->key, about->key) != 0) {
		g_message("kernel %s of the hunt is not here: what was reached of its source, and the "
			  "orders that groups hang on, are left out", about->kernel);
		return TRUE;
	}
	HunterOptions options = { .kernel = kernel, .failures = about->failures,
				  .max_schedules = about->max_schedules, .cancel = cancel };
	return hunt_result_cover(result, kernel, error) && hunt_blame(result, &options, error);
}

static int merge_hunts(const char *const *dirs, GCancellable *cancel, GError **error)
{
	g_autofree char *missing = NULL;
	g_autoptr(Hunt) hunt = hunt_merge(dirs, &missing, error);
	g_autoptr(HuntResult) result = hunt ? hunt_result_new(hunt, error) : NULL;

	if (!result || !folder_may_write(opt_out, error))
		return EXIT_BROKEN;
	int lock = folder_lock(opt_out, error);
	if (lock < 0)
		return EXIT_BROKEN;
	gboolean ok = ask_kernel(result, cancel, error) && folder_make(opt_out, FALSE, error) &&
		      hunt_write_journal(hunt, opt_out, error) && hunt_publish(result, opt_out, error);
	close(lock);
	if (!ok)
		return EXIT_BROKEN;
	g_autofree char *text = hunt_text(result, opt_out);
	g_print("%s%s  folder     %s (hunt.json, report.html)\n", text, missing ? missing : "", opt_out);
	return missing ? EXIT_UNEXPECTED : hunt_exit_code(result->verdict);
}

int command_merge(int argc, char **argv, GCancellable *cancel, GError **error)
{
	if (!command_parse(&argc, &argv, entries, "DIR…", -1,
			   "Make the folders of all shards into the one of the whole.", error))
		return EXIT_BROKEN;
	if (argc < 2) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "name the folders of the shards (racerig merge --help)");
		return EXIT_BROKEN;
	}
	const char *const *dirs = (const char *const *)argv + 1;
	if (hunt_is_in(*dirs))
		return merge_hunts(dirs, cancel, error);
	int split = merge_split(*dirs, error);
	if (split < 0)
		return EXIT_BROKEN;
	return split ? merge_explorations(dirs, error) : merge_suites(dirs, error);
}
