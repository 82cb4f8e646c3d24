// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "command/command.h"
#include "suite/shard.h"
#include "util/error.h"

static char *opt_out = "racerig-runs/slurm";
static int opt_shards;

static const GOptionEntry entries[] = {
	{ "shards", 'n', 0, G_OPTION_ARG_INT, &opt_shards, "How many", "N" },
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out,
	  "A folder that all nodes have: scripts, shards and merged/ (racerig-runs/slurm)", "DIR" },
	{ NULL },
};

/* A path in a line of sbatch's own, which has its own idea of '%' and blanks. */
static gboolean is_plain(const char *path)
{
	for (; *path; path++)
		if (!g_ascii_isalnum(*path) && !strchr("/._-+@", *path))
			return FALSE;
	return TRUE;
}

/* An interrupted one goes on; 1 is a result and no failure of the job. */
static char *shards_text(const char *rig, const char *out, char **arguments)
{
	g_autoptr(GString) text = g_string_new("#!/bin/sh\n");

	g_string_append_printf(text,
		"#SBATCH --job-name=racerig\n#SBATCH --array=1-%d\n#SBATCH --requeue\n"
		"#SBATCH --open-mode=append\n#SBATCH --output=%s/shard-%%a.log\n"
		"out=%s/shard-$SLURM_ARRAY_TASK_ID\nresume=\n"
		"[ ! -e \"$out/shard.json\" ] || resume=--resume\n",
		opt_shards, out, out);
	if (strcmp(arguments[0], "explore") == 0)
		g_string_append(text, "[ -e \"$out/journal\" ] || resume=\n");
	g_string_append_printf(text, "%s", rig);
	for (char **argument = arguments; *argument; argument++) {
		g_autofree char *quoted = g_shell_quote(*argument);
		g_string_append_printf(text, " %s", quoted);
	}
	g_string_append_printf(text, " \\\n\t--shard \"$SLURM_ARRAY_TASK_ID/%d\" --out \"$out\" $resume || "
			       "[ $? -eq 1 ]\n", opt_shards);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean write_script(const char *out, const char *name, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(out, name, NULL);

	return g_file_set_contents(path, text, -1, error);
}

static gboolean check(int argc, char **argv, GError **error)
{
	const char *what = NULL;

	if (opt_shards < 1 || opt_shards > SHARDS_MAX)
		what = "give --shards N, at least 1";
	else if (argc < 2 || (strcmp(argv[1], "suite") != 0 && strcmp(argv[1], "explore") != 0))
		what = "say what the shards are of: suite or explore, and its options, after --";
	else if (!is_plain(opt_out))
		what = "--out: letters, digits and /._-+@ only: Slurm has its own idea of all else";
	if (what)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s (racerig slurm --help)", what);
	return !what;
}

int command_slurm(int argc, char **argv, GCancellable *cancel, GError **error)
{
	(void)cancel;
	if (!command_parse(&argc, &argv, entries, "-- suite|explore [OPTION…]", -1,
			   "Write a job array of shards and the job that merges them.", error))
		return EXIT_BROKEN;
	/* GOption leaves the "--" where what comes after looks like an option. */
	if (argc > 1 && strcmp(argv[1], "--") == 0)
		argc--, argv++;
	if (!check(argc, argv, error))
		return EXIT_BROKEN;
	g_autofree char *out = g_canonicalize_filename(opt_out, NULL);
	g_autofree char *self = g_file_read_link("/proc/self/exe", error);
	g_autofree char *rig = self ? g_shell_quote(self) : NULL;
	if (!rig)
		return EXIT_BROKEN;
	if (!is_plain(out) || g_mkdir_with_parents(out, 0755)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: cannot be used; give another --out", out);
		return EXIT_BROKEN;
	}
	g_autofree char *shards = shards_text(rig, out, argv + 1);
	g_autofree char *merge = g_strdup_printf(
		"#!/bin/sh\n#SBATCH --job-name=racerig-merge\n#SBATCH --output=%s/merge.log\n"
		"exec %s merge %s/shard-*/ --out %s/merged\n", out, rig, out, out);
	if (!write_script(out, "shards.sbatch", shards, error) ||
	    !write_script(out, "merge.sbatch", merge, error))
		return EXIT_BROKEN;
	g_print("%s/shards.sbatch\n%s/merge.sbatch\n"
		"sbatch --dependency=afterany:$(sbatch --parsable %s/shards.sbatch) %s/merge.sbatch\n",
		out, out, out, out);
	return EXIT_EXPECTED;
}
