// SPDX-License-Identifier: GPL-2.0-only
#include "explore/run.h"

#include <string.h>

#include "command/command.h"
#include "command/recorded.h"
#include "report/trace-view.h"
#include "util/error.h"
#include "util/file.h"
#include "util/progress.h"

static int opt_times = 1;
static char *opt_kernel, *opt_out;
static gboolean opt_no_probe;
static Progress progress;

static const GOptionEntry entries[] = {
	{ "times", 'n', 0, G_OPTION_ARG_INT, &opt_times, "Run it N times and compare (1)", "N" },
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel,
	  "Another kernel than the recorded one; the schedule is followed there", "K" },
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out,
	  "With --kernel: write the schedule as it went there", "FILE" },
	{ "no-probe", 0, 0, G_OPTION_ARG_NONE, &opt_no_probe,
	  "Do not look which page an access uses; registers and memory must come out the same", NULL },
	COMMAND_CONNECT,
	{ NULL },
};

/* One run; *@ret_same is false when it is not what was recorded or what @trace and @hash say. */
static Outcome *run_once(Session *session, const Schedule *schedule, int number, char **trace,
			 char **hash, gboolean *ret_same, GError **error)
{
	g_autofree char *diverged = NULL, *hash_now = NULL;
	g_autoptr(Outcome) outcome = run_schedule(session, schedule, &diverged, error);

	if (progress_due(&progress))
		progress_show("%d of %d runs", number, opt_times);
	*ret_same = FALSE;
	hash_now = outcome ? guest_hash(session->guest, false, error) : NULL;
	if (!hash_now) {
		progress_end();
		return NULL;
	}
	g_autofree char *differs = NULL;
	if (diverged)
		differs = g_strdup_printf("diverges: %s", diverged);
	else if (*trace && strcmp(*trace, outcome->trace) != 0)
		differs = g_strdup_printf("differs from run 1 in line %d of the trace",
					  run_first_difference(*trace, outcome->trace));
	else if (*hash && strcmp(*hash, hash_now) != 0)
		differs = g_strdup("has the trace of run 1 and other registers or memory");
	*ret_same = !differs;
	if (differs || number == opt_times)
		progress_end();
	if (differs)
		g_print("run %d %s\n", number, differs);
	if (!*trace) {
		*trace = g_strdup(outcome->trace);
		*hash = g_steal_pointer(&hash_now);
	}
	return g_steal_pointer(&outcome);
}

/* What was not as recorded, a line each. */
static void print_notes(const Follow *follow)
{
	for (guint i = 0; i < follow->notes->len; i++) {
		const FollowNote *note = follow_note(follow, i);
		const char *actor = follow->schedule->actors[thread_actor(note->thread)];
		const char *verb = thread_verb(thread_kind(note->thread));

		g_print("  %3d  %s %s%s%s: %s\n", note->decision + 1, verb, actor,
			strcmp(note->event, verb) == 0 ? "" : " ",
			strcmp(note->event, verb) == 0 ? "" : note->event,
			follow_kind_text(note->kind));
	}
}

/* Whether what was recorded is found here, too. */
static int print_finding(const Schedule *schedule, const Follow *follow, const Outcome *outcome)
{
	bool whole = follow->taken == schedule->decisions->len;

	g_print("followed %u of %u decisions\n", follow->taken, schedule->decisions->len);
	if (outcome->end == END_STOPPED)
		g_print("  given up: it goes on without end with what was not recorded\n");
	print_notes(follow);
	if (!schedule->violates) {
		g_print("recorded as clean, here: %s\n", outcome->violates ? outcome->violates : "clean");
		return outcome->violates ? EXIT_UNEXPECTED : EXIT_EXPECTED;
	}
	if (outcome_violates(outcome, schedule->violates)) {
		g_print("%s is still there\n", schedule->violates);
		return EXIT_EXPECTED;
	}
	g_print("%s is not there%s%s%s\n", schedule->violates, outcome->violates ? ", but " : "",
		outcome->violates ? outcome->violates : "",
		whole ? " (one interleaving: explore tells of the others)"
		      : "; not all of it could be followed, so explore has to tell of the others");
	return EXIT_UNEXPECTED;
}

/* @schedule on a build that it was not made on; again as it went there, --times in all. */
static int follow(Session *session, const Schedule *schedule, GError **error)
{
	g_autoptr(Follow) follow = follow_new(schedule);
	g_autoptr(Outcome) outcome = run_follow(session, follow, error);
	g_autofree char *trace = NULL, *hash = NULL;

	if (!outcome)
		return EXIT_BROKEN;
	g_autoptr(Schedule) went = run_decisions(session, outcome);
	for (int i = 1; i <= opt_times; i++) {
		gboolean same;
		g_autoptr(Outcome) again = run_once(session, went, i, &trace, &hash, &same, error);

		if (!again)
			return EXIT_BROKEN;
		if (!same)
			return EXIT_UNEXPECTED;
	}
	g_autofree char *text = trace_text(outcome->trace);
	g_print("%s%d of %d runs identical (trace, registers and memory, sha256 %.16s)\n", text,
		opt_times, opt_times, hash);
	if (opt_out) {
		g_autofree char *lines = schedule_format(went);

		if (!g_file_set_contents(opt_out, lines, -1, error))
			return EXIT_BROKEN;
	}
	return print_finding(schedule, follow, outcome);
}

/* On the build that it was made on: exactly, --times. */
static int replay(Session *session, const Schedule *schedule, GError **error)
{
	g_autofree char *trace = NULL, *hash = NULL;
	g_autoptr(Outcome) outcome = NULL;

	for (int i = 1; i <= opt_times; i++) {
		gboolean same;

		g_clear_pointer(&outcome, outcome_free);
		outcome = run_once(session, schedule, i, &trace, &hash, &same, error);
		if (!outcome)
			return EXIT_BROKEN;
		if (!same)
			return EXIT_UNEXPECTED;
	}
	g_assert(outcome);	/* of the last of opt_times, which is at least 1 */
	g_autofree char *text = trace_text(outcome->trace);
	g_print("%s%d of %d runs identical (trace, registers and memory, sha256 %.16s)\n", text,
		opt_times, opt_times, hash);
	if (g_strcmp0(outcome->violates, schedule->violates) == 0)
		return EXIT_EXPECTED;
	g_print("recorded as %s, now %s\n", schedule->violates ? schedule->violates : "clean",
		outcome->violates ? outcome->violates : "clean");
	return EXIT_UNEXPECTED;
}

int command_replay(int argc, char **argv, GCancellable *cancel, GError **error)
{
	if (!command_parse(&argc, &argv, entries, "FILE.sched", 1,
			   "Run a recorded schedule again, and compare.", error))
		return EXIT_BROKEN;
	if (opt_times < 1) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--times %d: give at least 1",
			    opt_times);
		return EXIT_BROKEN;
	}
	if (opt_out && !opt_kernel) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--out: --kernel is missing");
		return EXIT_BROKEN;
	}
	if (opt_out && !file_replaceable(opt_out, error))
		return EXIT_BROKEN;
	g_autoptr(Schedule) schedule = recorded_load(argv[1], error);
	g_autoptr(Session) session =
		schedule ? recorded_session(schedule, argv[1], opt_kernel, command_connect,
					    cancel, error)
			 : NULL;
	if (!session)
		return EXIT_BROKEN;
	progress = progress_begin();
	if (opt_no_probe)
		stepper_skip_probe(session->stepper);
	/* A kernel of another name may be the same build. */
	return strcmp(session->kernel->key, schedule->key) == 0 ? replay(session, schedule, error)
								: follow(session, schedule, error);
}
