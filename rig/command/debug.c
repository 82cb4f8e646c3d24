// SPDX-License-Identifier: GPL-2.0-only
#include "explore/debugger.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/recorded.h"
#include "report/trace-view.h"
#include "util/error.h"
#include "util/paths.h"

static char *opt_at = "-1", *opt_with = "gdb", *opt_kernel;

static const GOptionEntry entries[] = {
	{ "at", 0, 0, G_OPTION_ARG_STRING, &opt_at,
	  "Stop when N events are done; below 0: counted from the violation (-1)", "N" },
	{ "with", 'w', 0, G_OPTION_ARG_STRING, &opt_with,
	  "gdb (the default), drgn, or both: gdb here, drgn in another terminal", "TOOL" },
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel,
	  "Another kernel than the recorded one", "K" },
	COMMAND_QEMU,
	{ NULL },
};

/* How many events come before the stop; the violating one is number 0 from behind. */
static int stop_at(const Outcome *outcome, const char *path, GError **error)
{
	int length = outcome_length(outcome);
	int violation = outcome->event >= 0 ? outcome->event + 1 : length;
	long at = atol(opt_at);
	long stop = *opt_at == '-' ? violation + at : at;

	if (stop >= 0 && stop <= length)
		return stop;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "--at %s: %s has %d events and violates in event %d; give 0 to %d, or -1 to -%d",
		    opt_at, path, length, violation, length, violation);
	return -1;
}

static void say_where(const Session *session, const Schedule *schedule, int stop,
		      const Outcome *outcome)
{
	const Decision *next = stop < (int)schedule->decisions->len
		? &g_array_index(schedule->decisions, Decision, stop) : NULL;

	g_autoptr(Record) record = record_parse(outcome->trace, "trace", NULL);
	g_assert(record);
	g_autofree char *text = interleaving_text(record, NULL);
	g_print("%s", text);
	if (!next) {
		g_print("stopped after all %d events\n", stop);
		return;
	}
	const struct guest_actor *actor =
		&session->guest->report.actors[thread_actor(next->thread)];
	g_print("stopped after event %d of %u; next: CPU%u (%s) %s%s\n", stop, schedule->decisions->len,
		actor->cpu, actor->name,
		thread_kind(next->thread) == THREAD_IRQ ? "takes its interrupts: "
		: thread_kind(next->thread) == THREAD_EVICT ? "its TLB drops an entry: "
		: thread_kind(next->thread) == THREAD_FAIL ? "its call fails: " : "",
		next->event);
}

/* The vCPU that would go on. */
static int vcpu_at(const Session *session, const Schedule *schedule, int stop)
{
	int n = schedule->decisions->len;

	if (!n)
		return 0;
	const Decision *next = &g_array_index(schedule->decisions, Decision, MIN(stop, n - 1));
	return session->guest->report.actors[thread_actor(next->thread)].cpu;
}

static bool hand_over(Session *session, const char *qmp, int vcpu, GError **error)
{
	/* QEMU serves one QMP client at a time: leave the socket to the user's. */
	g_clear_pointer(&session->guest->analyst, analyst_free);
	if (strcmp(opt_with, "drgn") == 0)
		return debugger_drgn(session, qmp, error);
	if (strcmp(opt_with, "both") == 0) {
		g_autofree char *python = paths_python();
		g_autofree char *prompt = paths_in_data("analysis/tools/prompt.py");
		g_autofree char *vmlinux = kernel_file(session->kernel, "vmlinux");

		g_print("drgn, in another terminal:\n  %s %s --qmp %s --vmlinux %s\n", python, prompt,
			qmp, vmlinux);
	}
	return debugger_gdb(session, vcpu, error);
}

static int debug(const char *path, const char *qmp, GCancellable *cancel, GError **error)
{
	g_autofree char *diverged = NULL;
	g_autoptr(Schedule) schedule = recorded_load(path, error);
	g_autoptr(Session) session =
		schedule ? recorded_session_at(schedule, path, opt_kernel, NULL, qmp, cancel, error) : NULL;
	g_autoptr(Outcome) whole = session ? run_schedule(session, schedule, &diverged, error) : NULL;

	if (!whole)
		return EXIT_BROKEN;
	if (diverged) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "%s: %s; explore again", path, diverged);
		return EXIT_BROKEN;
	}
	int stop = stop_at(whole, path, error);
	g_autoptr(Schedule) part = run_decisions(session, whole);
	if (stop < 0)
		return EXIT_BROKEN;
	schedule_cut(part, stop);
	g_autofree char *ignored = NULL;
	g_autoptr(Outcome) outcome = run_schedule(session, part, &ignored, error);
	if (!outcome)
		return EXIT_BROKEN;
	say_where(session, schedule, stop, outcome);
	if (!hand_over(session, qmp, vcpu_at(session, schedule, stop), error))
		return EXIT_BROKEN;
	return EXIT_EXPECTED;
}

int command_debug(int argc, char **argv, GCancellable *cancel, GError **error)
{
	static const char *const tools[] = { "gdb", "drgn", "both", NULL };

	if (!command_parse(&argc, &argv, entries, "FILE.sched", 1,
			   "Replay a schedule up to an event, stop there, and hand over to gdb or drgn.",
			   error))
		return EXIT_BROKEN;
	if (!g_strv_contains(tools, opt_with)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--with %s: give gdb, drgn or both",
			    opt_with);
		return EXIT_BROKEN;
	}
	if (!g_regex_match_simple("^-?[0-9]{1,6}$", opt_at, 0, 0)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "--at %s: give a number of events, or -1 for one before the violation",
			    opt_at);
		return EXIT_BROKEN;
	}
	g_autofree char *dir = g_dir_make_tmp("racerig-XXXXXX", error);
	if (!dir)
		return EXIT_BROKEN;
	g_autofree char *qmp = g_build_filename(dir, "qmp", NULL);
	int code = debug(argv[1], qmp, cancel, error);
	g_unlink(qmp);
	g_rmdir(dir);
	return code;
}
