// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"
#include "report/summary.h"
#include "suite/merge.h"
#include "util/error.h"

static char *opt_out = "racerig-runs/merged";

static const GOptionEntry entries[] = {
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "Folder (racerig-runs/merged)", "DIR" },
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

int command_merge(int argc, char **argv, GCancellable *cancel, GError **error)
{
	(void)cancel;
	if (!command_parse(&argc, &argv, entries, "DIR…", -1,
			   "Make the folders of all shards into the one of the whole.", error))
		return EXIT_BROKEN;
	if (argc < 2) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "name the folders of the shards (racerig merge --help)");
		return EXIT_BROKEN;
	}
	return merge_suites((const char *const *)argv + 1, error);
}
