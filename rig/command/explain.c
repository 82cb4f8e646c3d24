// SPDX-License-Identifier: GPL-2.0-only
#include "explore/explain.h"

#include "catalog/invariant.h"
#include "command/command.h"
#include "command/recorded.h"
#include "report/source.h"
#include "report/trace-view.h"
#include "report/violation-text.h"
#include "report/wrap.h"
#include "util/error.h"
#include "util/paths.h"

enum { WIDTH = 79 };

static int opt_max = 50;
static char *opt_kernel;

static const GOptionEntry entries[] = {
	{ "max-schedules", 0, 0, G_OPTION_ARG_INT, &opt_max,
	  "Follow every order that is turned round in up to N schedules (50)", "N" },
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel,
	  "Another kernel than the recorded one", "K" },
	COMMAND_CONNECT,
	{ NULL },
};

static SourceText *read_sources(const Session *session, const TraceView *view)
{
	SourceText *text = source_text_new();
	g_autofree char *module = paths_in_data("guest-kernel/kfuncs");
	g_auto(GStrv) roots = kernel_source_roots(session->kernel->dir, session->kernel->tree);

	for (guint i = 0; i < view->record->events->len; i++) {
		const char *line = record_event(view->record, i)->line;

		if (line)
			source_text_add(text, line, roots, module);
	}
	return text;
}

static void say(int indent, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(int indent, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *words = g_strdup_vprintf(format, args);
	va_end(args);
	g_autofree char *text = wrap_text(words, WIDTH, indent);
	g_print("%s", text);
}

/* Those that event @event showed; -1: found at the end. */
static void print_findings(const Record *record, int event)
{
	for (guint i = 0; i < record->found->len; i++) {
		const Violation *found = record_violation(record, i);
		g_autofree char *sentence = violation_text(found);

		if (found->event != event)
			continue;
		say(7, "     %s %s: %s", found->documented ? "documented" : "violates",
		    found->invariant, sentence);
		say(8, "       (%s; %s)", invariant_statement(found->invariant),
		    violation_kind_text(found));
	}
}

static void print_story(const TraceView *view, const SourceText *sources)
{
	const Record *record = view->record;
	const Violation *first = record_main(record);

	for (guint i = 0; i < record->events->len; i++) {
		const RecordEvent *event = record_event(record, i);
		g_autofree char *words = trace_view_told(view, event);
		g_autofree char *number =
			event->number ? g_strdup_printf("%u", event->number) : g_strdup("");
		const char *code = event->line ? source_text_line(sources, event->line, 0) : NULL;
		bool marked = first && first->event == (int)i;

		say(7, "%c%3s %s", marked ? '>' : ' ', number, words);
		if (code) {
			g_autofree char *tidy = g_strstrip(g_strdup(code));
			say(9, "       %s: %s", trace_view_short_line(event->line), tidy);
		}
		print_findings(record, i);
	}
	print_findings(record, -1);
}

static void print_flip(const TraceView *view, const Flip *flip, const char *invariant)
{
	g_autofree char *first = trace_view_told(view, trace_view_decision(view, flip->first));
	g_autofree char *second = trace_view_told(view, trace_view_decision(view, flip->second));

	g_print("  %u before %u\n", flip->first + 1, flip->second + 1);
	say(7, "     %u %s", flip->first + 1, first);
	say(7, "     %u %s", flip->second + 1, second);
	if (!flip->nearest)
		g_print("     cannot be the other way round\n");
	else if (!flip->gone)
		g_print("     flipped: %s is still violated\n", invariant);
	else
		say(7, "     flipped: %s holds%s%s%s; of %s %d schedule%s that begin%s so, %d violate it",
		    invariant, flip->nearest->violates ? " (but " : "",
		    flip->nearest->violates ? flip->nearest->violates : "",
		    flip->nearest->violates ? " is violated)" : "", flip->all ? "all" : "the first",
		    flip->executed, flip->executed == 1 ? "" : "s", flip->executed == 1 ? "s" : "",
		    flip->violating);
}

/* What happens with the order turned round, with the names a reader knows. */
static bool print_nearest(const Flip *cause, GError **error)
{
	g_autoptr(TraceView) view = trace_view_parse(cause->nearest->trace, "trace", error);

	if (!view)
		return false;
	g_autofree char *text = interleaving_text(view->record, view->names);
	g_print("\nThe other way round:\n%s", text);
	return true;
}

static bool print_cause(const TraceView *view, const GPtrArray *flips, const char *invariant,
			GError **error)
{
	const Flip *cause = explain_cause(flips);

	if (!flips->len) {
		g_print("\nNo order of two threads' events leads there: it happens in any case.\n");
		return true;
	}
	if (!cause) {
		say(0, "\nNo single order does it: flip any of them, and %s is still violated.",
		    invariant);
		return true;
	}
	g_autofree char *first = trace_view_told(view, trace_view_decision(view, cause->first));
	g_autofree char *second = trace_view_told(view, trace_view_decision(view, cause->second));
	g_print("\nThe cause: %u comes before %u%s.\n", cause->first + 1, cause->second + 1,
		cause->violating ? ", though not every other way to go on mends it" : "");
	say(2, "  %s", first);
	g_print("before\n");
	say(2, "  %s", second);
	return print_nearest(cause, error);
}

int command_explain(int argc, char **argv, GCancellable *cancel, GError **error)
{
	g_autofree char *diverged = NULL;

	if (!command_parse(&argc, &argv, entries, "FILE.sched", 1,
			   "Say what happens, and which order of two events is to blame.", error))
		return EXIT_BROKEN;
	if (opt_max < 1) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--max-schedules %d: give at least 1",
			    opt_max);
		return EXIT_BROKEN;
	}
	g_autoptr(Schedule) schedule = recorded_load(argv[1], error);
	g_autoptr(Session) session =
		schedule ? recorded_session(schedule, argv[1], opt_kernel, command_connect,
					    cancel, error) : NULL;
	g_autoptr(Outcome) outcome = session ? run_schedule(session, schedule, &diverged, error) : NULL;
	g_autoptr(TraceView) view = outcome ? trace_view_parse(outcome->trace, argv[1], error) : NULL;
	if (!view)
		return EXIT_BROKEN;
	if (diverged) {
		g_print("it does not go as recorded: %s\n", diverged);
		return EXIT_UNEXPECTED;
	}
	g_autoptr(SourceText) sources = read_sources(session, view);
	g_print("%s on %s: %s\n\n", schedule->scenario, session->kernel->name,
		outcome->violates ? outcome->violates : "no violation");
	if (schedule->operations) {
		recorded_print_operations(schedule);
		g_print("\n");
	}
	print_story(view, sources);
	if (!outcome->violates)
		return EXIT_EXPECTED;
	g_autoptr(GPtrArray) flips = explain_flips(session, outcome, opt_max, error);
	if (!flips)
		return EXIT_BROKEN;
	if (flips->len)
		g_print("\nThe orders it consists of, each turned round\n");
	for (guint i = 0; i < flips->len; i++)
		print_flip(view, g_ptr_array_index(flips, i), outcome->violates);
	return print_cause(view, flips, outcome->violates, error) ? EXIT_EXPECTED : EXIT_BROKEN;
}
