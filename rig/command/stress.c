// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/splat.h"
#include "explore/session.h"
#include "util/error.h"

static char *opt_kernel;
static int opt_seconds = 10;

static const GOptionEntry entries[] = {
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Kernel to run (stock)", "K" },
	{ "seconds", 's', 0, G_OPTION_ARG_INT, &opt_seconds, "Guest seconds to loop (10)", "S" },
	COMMAND_CONNECT,
	{ NULL },
};

/* All vCPUs free, nothing controlled: what everybody has without the rig. */
int command_stress(int argc, char **argv, GCancellable *cancel, GError **error)
{
	if (!command_parse(&argc, &argv, entries, "SCENARIO", 1,
			   "Loop alloc, free and kfunc faults without control.", error))
		return EXIT_BROKEN;
	g_autoptr(Scenario) scenario = scenario_find(argv[1], error);
	g_autoptr(Kernel) kernel =
		scenario ? kernel_find(opt_kernel ? opt_kernel : "stock", error) : NULL;
	g_autoptr(GuestSpec) spec =
		kernel ? session_guest_spec(kernel, scenario, command_connect, error) : NULL;
	if (!spec)
		return EXIT_BROKEN;
	if (opt_seconds < 1) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--seconds %d: give at least 1",
			    opt_seconds);
		return EXIT_BROKEN;
	}
	g_autofree char *console = guest_stress(spec, opt_seconds, cancel, error);
	if (!console)
		return EXIT_BROKEN;

	gboolean splat = FALSE;
	g_auto(GStrv) lines = g_strsplit(console, "\n", -1);
	for (char **line = lines; *line; line++)
		splat |= splat_opens(*line);
	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, "racerig: stress"))
			g_print("%s\n", g_strchomp(*line) + strlen("racerig: stress "));
	if (!strstr(console, "racerig: stress done") || splat) {
		g_print("the guest did not end well; its console:\n%s\n", console);
		return EXIT_UNEXPECTED;
	}
	return EXIT_EXPECTED;
}
