// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"
#include "command/recorded.h"

static char *opt_kernel;

static const GOptionEntry entries[] = {
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel,
	  "Another kernel than the recorded one", "K" },
	COMMAND_CONNECT,
	{ NULL },
};

int command_trace(int argc, char **argv, GCancellable *cancel, GError **error)
{
	g_autofree char *diverged = NULL;

	if (!command_parse(&argc, &argv, entries, "FILE.sched", 1,
			   "Run a recorded schedule again and print its trace as JSON lines.", error))
		return EXIT_BROKEN;
	g_autoptr(Schedule) schedule = recorded_load(argv[1], error);
	g_autoptr(Session) session =
		schedule ? recorded_session(schedule, argv[1], opt_kernel, command_connect, cancel,
					    error) : NULL;
	g_autoptr(Outcome) outcome =
		session ? run_schedule(session, schedule, &diverged, error) : NULL;
	if (!outcome)
		return EXIT_BROKEN;
	g_print("%s", outcome->trace);
	if (!diverged)
		return EXIT_EXPECTED;
	g_printerr("it does not go as recorded: %s\n", diverged);
	return EXIT_UNEXPECTED;
}
