// SPDX-License-Identifier: GPL-2.0-only
#include "explore/minimise.h"

#include <string.h>

#include "command/command.h"
#include "command/recorded.h"
#include "report/trace-view.h"
#include "util/error.h"
#include "util/file.h"

static int opt_max = 5000, opt_times = 10;
static char *opt_out, *opt_kernel;

static const GOptionEntry entries[] = {
	{ "max-schedules", 0, 0, G_OPTION_ARG_INT, &opt_max, "Give up after N (5000)", "N" },
	{ "times", 'n', 0, G_OPTION_ARG_INT, &opt_times, "Replay the result N times (10)", "N" },
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "Where to write it (FILE.min.sched)",
	  "FILE" },
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel,
	  "Another kernel than the recorded one", "K" },
	COMMAND_CONNECT,
	{ NULL },
};

static char *default_out(const char *path)
{
	g_autofree char *stem = g_str_has_suffix(path, ".sched")
		? g_strndup(path, strlen(path) - strlen(".sched")) : g_strdup(path);

	return g_strconcat(stem, ".min.sched", NULL);
}

/* Replay until told otherwise; the number of runs that went and ended the same. */
static int confirm(Session *session, const Schedule *schedule, GError **error)
{
	g_autofree char *trace = NULL;
	int same = 0;

	for (int i = 0; i < opt_times; i++) {
		g_autofree char *diverged = NULL;
		g_autoptr(Outcome) outcome = run_schedule(session, schedule, &diverged, error);

		if (!outcome)
			return -1;
		if (!trace)
			trace = g_strdup(outcome->trace);
		same += !diverged && g_strcmp0(outcome->violates, schedule->violates) == 0 &&
			strcmp(trace, outcome->trace) == 0;
		if (i + 1 < opt_times)
			continue;
		g_autofree char *text = trace_text(outcome->trace);
		g_print("%s", text);
	}
	return same;
}

int command_minimise(int argc, char **argv, GCancellable *cancel, GError **error)
{
	g_autoptr(Schedule) least = NULL;
	Minimum found;

	if (!command_parse(&argc, &argv, entries, "FILE.sched", 1,
			   "Find the fewest context switches and events that still violate.", error))
		return EXIT_BROKEN;
	if (opt_max < 1 || opt_times < 1) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "--max-schedules and --times need at least 1");
		return EXIT_BROKEN;
	}
	g_autofree char *out = opt_out ? g_strdup(opt_out) : default_out(argv[1]);
	g_autoptr(Schedule) schedule =
		file_replaceable(out, error) ? recorded_load(argv[1], error) : NULL;
	g_autoptr(Session) session =
		schedule ? recorded_session(schedule, argv[1], opt_kernel, command_connect,
					    cancel, error)
			 : NULL;
	if (!session || !minimise(session, schedule, opt_max, &least, &found, error))
		return EXIT_BROKEN;
	g_autofree char *text = schedule_format(least);
	if (!g_file_set_contents(out, text, -1, error))
		return EXIT_BROKEN;
	int same = confirm(session, least, error);
	if (same < 0)
		return EXIT_BROKEN;
	recorded_print_operations(least);
	g_print("%d context switches and %d events still violate %s (it had %d and %u)\n",
		found.switches, found.events, least->violates, schedule_switches(schedule),
		schedule->decisions->len);
	g_print("  searched   %d schedules; %s\n", found.executed,
		found.proven ? "none has fewer switches, or as few with fewer events"
			     : "NOT all: --max-schedules was reached");
	g_print("  replays    %d of %d identical\n", same, opt_times);
	g_print("  schedule   %s\n", out);
	return same == opt_times ? EXIT_EXPECTED : EXIT_UNEXPECTED;
}
