// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include "explore/run.h"

static int opt_times = 1;
static char *opt_kernel;

static const GOptionEntry entries[] = {
	{ "times", 'n', 0, G_OPTION_ARG_INT, &opt_times, "How often (1)", "N" },
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Kernel to run (stock)", "K" },
	COMMAND_CONNECT,
	{ NULL },
};

/* Restore, run the first schedule, hash: one line each, all the same. */
int command_hash(int argc, char **argv, GCancellable *cancel, GError **error)
{
	if (!command_parse(&argc, &argv, entries, "SCENARIO", 1,
			   "Hash all registers and memory after one schedule, N times.", error))
		return EXIT_BROKEN;
	g_autoptr(Session) session =
		session_new(argv[1], opt_kernel ? opt_kernel : "stock", command_connect, cancel,
			    error);
	if (!session || !session_prepare(session, error))
		return EXIT_BROKEN;
	for (int i = 0; i < opt_times; i++) {
		g_autoptr(Plan) plan = plan_new(NULL, 0, REST_STAY);
		g_autoptr(Outcome) outcome = run_plan(session, plan, error);

		if (!outcome)
			return EXIT_BROKEN;
		g_autofree char *hash = guest_hash(session->guest, true, error);
		if (!hash)
			return EXIT_BROKEN;
		g_print("%s\n", hash);
	}
	return EXIT_EXPECTED;
}
