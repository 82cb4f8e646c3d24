// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static const char TOLD[] = "racerig: stress ";

/* "actor1 loops 5": in a guest that serves any text actors have numbers only. */
static void print_told(const Scenario *scenario, const char *text)
{
	static const char actor[] = "actor";
	char *rest;
	guint64 n = g_str_has_prefix(text, actor)
		? g_ascii_strtoull(text + strlen(actor), &rest, 10) : G_MAXUINT64;

	if (scenario->operations && n < scenario->operations->actors->len)
		g_print("%s%s\n", scenario->operations->names[n], rest);
	else
		g_print("%s\n", text);
}

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

	static const char *const splats[] = { "WARNING:", "BUG:", "Oops", "Kernel panic" };
	gboolean splat = FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(splats); i++)
		splat |= strstr(console, splats[i]) != NULL;
	g_auto(GStrv) lines = g_strsplit(console, "\n", -1);
	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, TOLD))
			print_told(scenario, g_strchomp(*line) + strlen(TOLD));
	if (!strstr(console, "racerig: stress done") || splat) {
		g_print("the guest did not end well; its console:\n%s\n", console);
		return EXIT_UNEXPECTED;
	}
	return EXIT_EXPECTED;
}
