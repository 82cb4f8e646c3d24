// SPDX-License-Identifier: GPL-2.0-only
#include "run.h"

#include <string.h>

#include "command/command.h"
#include "util/error.h"

static int opt_times = 1;
static char *opt_kernel;
static gboolean opt_trace;

static const GOptionEntry entries[] = {
	{ "times", 'n', 0, G_OPTION_ARG_INT, &opt_times, "Run it N times and compare (1)", "N" },
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel,
	  "Another kernel than the recorded one", "K" },
	{ "trace", 0, 0, G_OPTION_ARG_NONE, &opt_trace, "Print the trace as JSON lines", NULL },
	{ NULL },
};

static Schedule *load(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) local = NULL;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, &local)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s", local->message);
		return NULL;
	}
	return schedule_parse(text, path, error);
}

/* A schedule belongs to a build; another one may have other instructions. */
static gboolean same_build(const Session *session, const Schedule *schedule, const char *path,
			   GError **error)
{
	if (opt_kernel || strcmp(session->kernel->key, schedule->key) == 0)
		return TRUE;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s was made on build %s of kernel %s, this is build %s; explore again, "
		    "or try it with --kernel %s", path, schedule->key, schedule->kernel,
		    session->kernel->key, schedule->kernel);
	return FALSE;
}

/* The first differing line of two texts, from 1. */
static int first_difference(const char *a, const char *b)
{
	int line = 1;

	for (; *a && *a == *b; a++, b++)
		line += *a == '\n';
	return line;
}

int command_replay(int argc, char **argv, GCancellable *cancel, GError **error)
{
	g_autofree char *trace = NULL, *hash = NULL;

	if (!command_parse(&argc, &argv, entries, "FILE.sched", 1,
			   "Run a recorded schedule again, and compare.", error))
		return EXIT_BROKEN;
	if (opt_times < 1) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--times %d: give at least 1",
			    opt_times);
		return EXIT_BROKEN;
	}
	g_autoptr(Schedule) schedule = load(argv[1], error);
	g_autoptr(Session) session = schedule ? session_new(
		schedule->scenario, opt_kernel ? opt_kernel : schedule->kernel, cancel, error) : NULL;
	if (!session || !same_build(session, schedule, argv[1], error) ||
	    !session_prepare(session, error))
		return EXIT_BROKEN;

	for (int i = 1; i <= opt_times; i++) {
		g_autofree char *diverged = NULL;

		if (!run_replay(session, schedule, &diverged, error))
			return EXIT_BROKEN;
		if (diverged) {
			g_print("run %d diverges: %s\n", i, diverged);
			return EXIT_UNEXPECTED;
		}
		g_autofree char *now = trace_json(session->trace);
		g_autofree char *hash_now = guest_hash(session->guest, error);
		if (!hash_now)
			return EXIT_BROKEN;
		if (trace && strcmp(trace, now) != 0) {
			g_print("run %d differs from run 1 in line %d of the trace\n", i,
				first_difference(trace, now));
			return EXIT_UNEXPECTED;
		}
		if (hash && strcmp(hash, hash_now) != 0) {
			g_print("run %d has the trace of run 1 and other registers or memory\n", i);
			return EXIT_UNEXPECTED;
		}
		g_free(trace);
		trace = g_steal_pointer(&now);
		g_free(hash);
		hash = g_steal_pointer(&hash_now);
	}

	GPtrArray *violations = session->check->violations;
	const Violation *first = violations->len ? g_ptr_array_index(violations, 0) : NULL;
	g_autofree char *text = trace_interleaving(session->trace, first ? first->event : -1);
	g_print("%s", opt_trace ? trace : text);
	for (guint i = 0; !opt_trace && i < violations->len; i++) {
		const Violation *violation = g_ptr_array_index(violations, i);
		g_print("%s: %s\n", violation->invariant, violation->summary);
	}
	const char *found = first ? first->invariant : NULL;
	if (!opt_trace)
		g_print("%d of %d runs identical (trace, registers and memory, sha256 %.16s)\n",
			opt_times, opt_times, hash);
	if (g_strcmp0(found, schedule->violates) == 0)
		return EXIT_EXPECTED;
	g_print("recorded as %s, now %s\n", schedule->violates ? schedule->violates : "clean",
		found ? found : "clean");
	return EXIT_UNEXPECTED;
}
