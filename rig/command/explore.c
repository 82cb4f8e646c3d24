// SPDX-License-Identifier: GPL-2.0-only
#include "explore.h"

#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "util/error.h"

static char *opt_kernel, *opt_policy, *opt_out, *opt_time;
static int opt_schedules;

static const GOptionEntry entries[] = {
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Kernel to run (stock)", "K" },
	{ "policy", 'p', 0, G_OPTION_ARG_STRING, &opt_policy, "How to choose: dfs", "P" },
	{ "max-schedules", 0, 0, G_OPTION_ARG_INT, &opt_schedules, "Stop after N", "N" },
	{ "max-time", 0, 0, G_OPTION_ARG_STRING, &opt_time, "Stop after 90s, 15m or 2h", "T" },
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out,
	  "Run folder (racerig-runs/SCENARIO-KERNEL)", "DIR" },
	{ NULL },
};

/* "90s", "15m", "2h" or plain seconds. */
static gboolean parse_duration(const char *text, double *ret, GError **error)
{
	char *end;
	double value = g_ascii_strtod(text, &end);
	double unit = *end == 'm' ? 60 : *end == 'h' ? 3600 : 1;

	*ret = value * unit;
	if (end != text && value > 0 && (!*end || (strchr("smh", *end) && !end[1])))
		return TRUE;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "--max-time '%s': write 90s, 15m or 2h", text);
	return FALSE;
}

/* Whether the verdict is what the scenario expects of this kernel. */
static gboolean as_expected(const Verdict *verdict, const char *expectation)
{
	if (strcmp(verdict->verdict, "violation") != 0)
		return strcmp(verdict->verdict, expectation) == 0;
	for (guint i = 0; i < verdict->violations->len; i++) {
		const VerdictViolation *violation = g_ptr_array_index(verdict->violations, i);

		if (strcmp(violation->invariant, expectation) == 0)
			return TRUE;
	}
	return FALSE;
}

static void print_verdict(const Verdict *verdict, const char *expectation, const char *out,
			  gboolean expected)
{
	g_print("%s on %s: %s (%s)\n", verdict->scenario, verdict->kernel, verdict->verdict,
		expected ? "as expected" : "NOT as expected");
	if (!expected)
		g_print("  expected   %s\n", expectation);
	g_print("  schedules  %d executed, %d violating, %s\n", verdict->executed,
		verdict->violating,
		verdict->complete ? "complete: every interleaving of the events"
				  : "NOT complete");
	if (verdict->circles)
		g_print("  circles    %d came back to a state they had been in, and were cut there\n",
			verdict->circles);
	g_print("  states     %d distinct final states\n", verdict->distinct_final_states);
	g_print("  speed      %.1f schedules/s\n", verdict->executed / verdict->wall_s);
	g_print("  kernel     %s %s\n", verdict->kernel_source, verdict->kernel_patches);
	g_print("  model      sequential consistency, one instruction at a time (TCG)\n");
	g_print("  folder     %s\n", out);
	if (verdict->violations->len) {
		const VerdictViolation *first = g_ptr_array_index(verdict->violations, 0);
		g_print("  replay     racerig replay %s/%s --times 10\n", out, first->schedule);
	}
}

int command_explore(int argc, char **argv, GCancellable *cancel, GError **error)
{
	ExploreLimits limits = { 0 };

	if (!command_parse(&argc, &argv, entries, "SCENARIO", 1,
			   "Walk the interleavings of a scenario.", error))
		return EXIT_BROKEN;
	const char *kernel = opt_kernel ? opt_kernel : "stock";
	if (opt_policy && strcmp(opt_policy, "dfs") != 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "no policy '%s' (there is: dfs)",
			    opt_policy);
		return EXIT_BROKEN;
	}
	if (opt_schedules < 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "--max-schedules %d: give a positive number", opt_schedules);
		return EXIT_BROKEN;
	}
	if (opt_time && !parse_duration(opt_time, &limits.max_seconds, error))
		return EXIT_BROKEN;
	g_autofree char *folder = g_strdup_printf("racerig-runs/%s-%s", argv[1], kernel);
	limits.out = opt_out ? opt_out : folder;
	limits.max_schedules = opt_schedules;
	if (!explore_may_write(limits.out, error))
		return EXIT_BROKEN;
	g_autoptr(Session) session = session_new(argv[1], kernel, cancel, error);
	if (!session || !session_prepare(session, error))
		return EXIT_BROKEN;

	g_autoptr(Policy) policy = policy_dfs_new();
	g_autoptr(Verdict) verdict = NULL;
	if (!explore(session, policy, &limits, &verdict, error))
		return EXIT_BROKEN;

	g_autofree char *known = scenario_expectation(session->scenario, kernel);
	const char *expectation = known ? known : "clean";
	gboolean expected = as_expected(verdict, expectation);
	print_verdict(verdict, expectation, limits.out, expected);
	return expected ? EXIT_EXPECTED : EXIT_UNEXPECTED;
}
