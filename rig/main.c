// SPDX-License-Identifier: GPL-2.0-only
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "arch/arch.h"
#include "command/command.h"
#include "config.h"
#include "util/cpu.h"
#include "util/error.h"

static const struct {
	const char *name;
	CommandFunc run;
	const char *summary;
} commands[] = {
	{ "list", command_list, "scenarios, kernels and invariants" },
	{ "setup", command_setup, "the Python environment, and the stock kernel" },
	{ "doctor", command_doctor, "what is here and what is missing, and whether the rig sees" },
	{ "cache", command_cache, "what is kept between runs, and what of it nothing uses" },
	{ "kernel", command_kernel, "build a kernel" },
	{ "explore", command_explore, "walk the interleavings of a scenario" },
	{ "replay", command_replay, "run a recorded schedule again" },
	{ "trace", command_trace, "the events of a recorded schedule as JSON lines" },
	{ "check", command_check, "the invariants over a trace, without a guest" },
	{ "minimise", command_minimise, "find the smallest schedule that still violates" },
	{ "explain", command_explain, "what happens in a schedule, and which order is to blame" },
	{ "debug", command_debug, "stop inside a schedule, with gdb or drgn" },
	{ "report", command_report, "write evidence.txt and report.html of a folder" },
	{ "suite", command_suite, "the scenario x kernel table against what is expected" },
	{ "merge", command_merge, "the folders of all shards into the one of the whole" },
	{ "park", command_park, "make the snapshots that a suite starts from" },
	{ "pack", command_pack, "kernels and snapshots in one file for other machines" },
	{ "unpack", command_unpack, "put what is in such a file into the cache" },
	{ "slurm", command_slurm, "write a job array of shards and the job that merges them" },
	{ "hunt", command_hunt, "all combinations of operations: what nobody thought to write down" },
	{ "verify", command_verify, "what a patch changes: the suite before and after" },
	{ "stress", command_stress, "plain concurrent loops, the uncontrolled baseline" },
	{ "boot", command_boot, "park a scenario's guest and keep it for drgn" },
	{ "hash", command_hash, "show that a restored guest runs the same way" },
};

/* Whether it starts a guest, or reads what one has left: these tell of what is on the disk. */
static bool asks_machine(CommandFunc run)
{
	return run != command_list && run != command_setup && run != command_doctor &&
	       run != command_cache && run != command_kernel;
}

static sigset_t ending_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

/* Ctrl-C cancels whatever waits; finished work is written on the way out. */
static void *wait_for_signal(void *data)
{
	sigset_t set = ending_signals();
	int signal;

	sigwait(&set, &signal);
	g_cancellable_cancel(data);
	return NULL;
}

static void catch_signals(GCancellable *cancel)
{
	sigset_t set = ending_signals();
	pthread_t thread;

	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	pthread_create(&thread, NULL, wait_for_signal, cancel);
	pthread_detach(thread);
}

/* Messages are for the user and stand alone; the rest is for whoever debugs. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n,
				  gpointer data)
{
	if (!(level & G_LOG_LEVEL_MESSAGE))
		return g_log_writer_default(level, fields, n, data);
	for (gsize i = 0; i < n; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			g_printerr("%s\n", (const char *)fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

static void usage(void)
{
	g_print("Usage: racerig COMMAND [WORD…]\n\n");
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		g_print("  %-8s  %s\n", commands[i].name, commands[i].summary);
	g_print("\nracerig COMMAND --help tells more.\n");
}

int main(int argc, char **argv)
{
	g_autoptr(GCancellable) cancel = g_cancellable_new();
	g_autoptr(GError) error = NULL;

	/* stdout is for results */
	g_log_writer_default_set_use_stderr(TRUE);
	g_log_set_writer_func(write_log, NULL, NULL);
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage();
		return argc < 2 ? EXIT_BROKEN : EXIT_EXPECTED;
	}
	if (strcmp(argv[1], "--version") == 0) {
		g_print("racerig %s\n", RACERIG_VERSION);
		return EXIT_EXPECTED;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].name, argv[1]) != 0)
			continue;
		if (commands[i].run != command_kernel && commands[i].run != command_setup) {
			cpu_claim(0);
			catch_signals(cancel);
		}
		int code = asks_machine(commands[i].run) && !arch_check(&error)
			? EXIT_BROKEN : commands[i].run(argc - 1, argv + 1, cancel, &error);
		if (!error)
			return code;
		g_printerr("racerig: %s\n", error->message);
		return g_error_matches(error, RIG_ERROR, RIG_ERROR_SKIP) ? EXIT_SKIPPED
									  : EXIT_BROKEN;
	}
	g_printerr("racerig: no command '%s' (racerig help lists them)\n", argv[1]);
	return EXIT_BROKEN;
}
