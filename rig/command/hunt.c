// SPDX-License-Identifier: GPL-2.0-only
#include "command/hunt-kernel.h"

#include <string.h>

#include "command/command.h"
#include "suite/shard.h"

static char *opt_kernel, *opt_depth = "pairs", *opt_verbs, *opt_setup, *opt_stop_at, *opt_time;
static char *opt_out, *opt_shard;
static int opt_jobs = 1, opt_schedules = HUNT_SCHEDULES, opt_failures = HUNT_FAILURES;
static gboolean opt_resume, opt_coverage;

static const GOptionEntry entries[] = {
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Kernel to run (stock)", "K" },
	{ "depth", 0, 0, G_OPTION_ARG_STRING, &opt_depth,
	  "pairs (of two actors), or triples, which has the pairs, too (pairs)", "D" },
	{ "verbs", 0, 0, G_OPTION_ARG_STRING, &opt_verbs,
	  "Only these, as in alloc,free,read (racerig list --verbs)", "V,…" },
	{ "setup", 0, 0, G_OPTION_ARG_STRING, &opt_setup,
	  "Only from here, as in 'alloc 0; cpu1 read 0' (five states that are built in)", "TEXT" },
	{ "failures", 0, 0, G_OPTION_ARG_INT, &opt_failures,
	  "Up to F calls a schedule that may fail do (0; docs/failures.md)", "F" },
	{ "coverage", 0, 0, G_OPTION_ARG_NONE, &opt_coverage,
	  "Note which lines of the kernel's source are reached (coverage.html)", NULL },
	{ "jobs", 'j', 0, G_OPTION_ARG_INT, &opt_jobs, "Guests side by side (1)", "J" },
	{ "max-schedules", 0, 0, G_OPTION_ARG_INT, &opt_schedules,
	  "Of one combination; beyond that, with as few preemptions as have as many (64)", "N" },
	{ "max-time", 0, 0, G_OPTION_ARG_STRING, &opt_time, "Stop after 90s, 15m or 2h", "T" },
	{ "stop-at", 0, 0, G_OPTION_ARG_STRING, &opt_stop_at,
	  "Stop with the first combination that violates this in a way that is no finding", "INVARIANT" },
	{ "shard", 0, 0, G_OPTION_ARG_STRING, &opt_shard,
	  "Only part I of N, for racerig merge", "I/N" },
	{ "resume", 0, 0, G_OPTION_ARG_NONE, &opt_resume,
	  "Go on where an earlier hunt into the same folder was stopped", NULL },
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "Folder (racerig-runs/hunt-KERNEL)", "DIR" },
	COMMAND_CONNECT,
	{ NULL },
};

static gboolean check_options(HuntAbout *about, GError **error)
{
	if (opt_jobs < 1 || opt_jobs > 64)
		return command_bad_number(error, "--jobs", opt_jobs, "give 1 to 64");
	if (opt_failures < 0 || opt_failures > SCHEDULE_MAX_FAILURES)
		return command_bad_number(error, "--failures", opt_failures, "give 0 to 9");
	if (opt_schedules < 1)
		return command_bad_number(error, "--max-schedules", opt_schedules, "give a positive number");
	if (!command_invariant("--stop-at", opt_stop_at, error))
		return FALSE;
	about->scope.triples = strcmp(opt_depth, "triples") == 0;
	if (!about->scope.triples && strcmp(opt_depth, "pairs") != 0)
		return command_bad(error, "--depth", opt_depth, "give pairs or triples");
	about->scope.setup = g_strdup(opt_setup);
	about->scope.verbs = opt_verbs ? g_strsplit(opt_verbs, ",", -1) : NULL;
	about->failures = opt_failures;
	about->max_schedules = opt_schedules;
	about->stop_at = g_strdup(opt_stop_at);
	about->coverage = opt_coverage;
	if (opt_coverage && command_connect)
		return command_bad(error, "--connect", command_connect,
				   "--coverage is only where QEMU is our own child; leave one of them out");
	if (opt_shard && opt_stop_at)
		return command_bad(error, "--shard", opt_shard,
				   "each would stop at its own; leave --stop-at out");
	return !opt_shard || shard_parse(opt_shard, &about->shard, &about->shards, error);
}

int command_hunt(int argc, char **argv, GCancellable *cancel, GError **error)
{
	HuntOptions options = { .each = { .cancel = cancel } };
	g_autoptr(HuntAbout) about = about_new();
	const char *kernel;

	if (!command_parse(&argc, &argv, entries, "", 0,
			   "Explore all combinations of what a program can do with an arena.", error) ||
	    !check_options(about, error) ||
	    (opt_time && !command_duration(opt_time, &options.max_seconds, error)))
		return EXIT_BROKEN;
	kernel = opt_kernel ? opt_kernel : "stock";
	g_autofree char *folder = g_strdup_printf("racerig-runs/hunt-%s", kernel);
	options.jobs = opt_jobs;
	options.resume = opt_resume;
	options.out = opt_out ? opt_out : folder;
	g_autoptr(KernelHunt) hunt = kernel_hunt(kernel, g_steal_pointer(&about), &options, error);
	return hunt ? hunt_exit_code(hunt->result->verdict) : EXIT_BROKEN;
}
