// SPDX-License-Identifier: GPL-2.0-only
#include "report/evidence.h"

#include <string.h>

#include "arch/pte.h"
#include "catalog/invariant.h"
#include "catalog/origin.h"
#include "config.h"
#include "report/violation-text.h"
#include "report/wrap.h"
#include "report/unseen-text.h"

enum { WIDTH = 72, NUMBER = 6, MAX_COLUMNS = 3 };

static void paragraph(GString *text, const char *first, int indent, const char *words)
{
	g_autofree char *whole = g_strconcat(first, words, NULL);
	g_autofree char *wrapped = wrap_text(whole, WIDTH, indent);

	g_string_append(text, wrapped);
}

/* "  name        words", wrapped below the words. */
static void fact(GString *text, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void fact(GString *text, const char *name, const char *format, ...)
{
	g_autofree char *first = g_strdup_printf("  %-11s ", name);
	va_list args;

	va_start(args, format);
	g_autofree char *words = g_strdup_vprintf(format, args);
	va_end(args);
	/* The blanks of the name's column are no place to break a line. */
	g_autoptr(GPtrArray) lines = wrap_lines(words, WIDTH - 14, 0);
	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(text, "%-14s%s\n", i ? "" : first,
				       (char *)g_ptr_array_index(lines, i));
}

static void append_cell(GString *text, const char *number, int at, int width, bool mark,
			const char *words, int indent)
{
	g_autoptr(GPtrArray) lines = wrap_lines(words, width - indent, 0);

	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(text, "%c%3s  %*s%s\n", mark && i == 0 ? '>' : ' ',
				       i ? "" : number, at + indent, "",
				       (char *)g_ptr_array_index(lines, i));
}

/* What an access may have gone through, where that is not only what the PTE says. */
static char *held_text(const TraceView *view, const RecordEvent *line)
{
	const Event *event = &line->event;
	GString *text = g_string_new("TLB may hold:");
	int slot = event_slot(event), n = line->tlb.n[event->actor][slot];

	for (int i = 0; i < n; i++) {
		guint64 pfn = pte_pfn(line->tlb.may[event->actor][slot][i]);

		g_string_append_printf(text, " %s%s",
				       trace_view_name(view, record_frame(view->record, pfn)),
				       i + 1 < n ? "," : "");
	}
	return g_string_free(text, FALSE);
}

static void append_event(GString *text, const TraceView *view, const RecordEvent *line, bool mark)
{
	const TraceHeader *header = &view->record->header;
	const Event *event = &line->event;
	bool columns = header->n_actors <= MAX_COLUMNS;
	int width = columns ? (WIDTH - NUMBER) / header->n_actors : WIDTH - NUMBER;
	int at = columns ? event->actor * width : 0;
	g_autofree char *number = line->number ? g_strdup_printf("%u", line->number) : g_strdup("");
	g_autofree char *who = columns ? g_strdup("")
				       : g_strdup_printf("CPU%d (%s): ",
							 header->actors[event->actor].vcpu,
							 header->actors[event->actor].name);
	g_autofree char *words = event_words(view->record, line);
	g_autofree char *what = g_strdup_printf("%s%s%s", who, event->irq ? "irq: " : "", words);
	g_autofree char *did = event_effect(view->record, view->names, line);

	append_cell(text, number, at, width - 1, mark, what, 0);
	if (did)
		append_cell(text, "", at, width - 1, false, did, 2);
	if (event->kind == EVENT_ACCESS && !event->faulted && event_slot(event) >= 0 &&
	    trace_view_is_stale(line, event->actor, event_slot(event))) {
		g_autofree char *held = held_text(view, line);

		append_cell(text, "", at, width - 1, false, held, 2);
	}
	if (line->line)
		append_cell(text, "", at, width - 1, false, trace_view_short_line(line->line), 2);
}

static void append_interleaving(GString *text, const TraceView *view)
{
	const TraceHeader *header = &view->record->header;
	const Violation *found = record_main(view->record);
	int width = (WIDTH - NUMBER) / header->n_actors;

	if (header->n_actors <= MAX_COLUMNS) {
		g_string_append_printf(text, "%*s", NUMBER, "");
		for (int i = 0; i < header->n_actors; i++) {
			g_autofree char *head = g_strdup_printf("CPU%d (%s)", header->actors[i].vcpu,
								header->actors[i].name);
			g_string_append_printf(text, "%-*s", i + 1 < header->n_actors ? width : 0,
					       head);
		}
		g_string_append_c(text, '\n');
	}
	for (guint i = 0; i < view->record->events->len; i++)
		append_event(text, view, record_event(view->record, i),
			     found && found->event == (int)i);
}

/* The numbers of all decisions at @line. */
static char *numbers_at(const TraceView *view, const char *line)
{
	GString *numbers = g_string_new(NULL);

	for (guint i = 0; i < view->record->events->len; i++) {
		const RecordEvent *event = record_event(view->record, i);

		if (g_strcmp0(event->line, line) == 0 && event->number)
			g_string_append_printf(numbers, "%s%u", numbers->len ? ", " : "",
					       event->number);
	}
	return g_string_free(numbers, FALSE);
}

static void append_sources(GString *text, const RunData *data, const TraceView *view)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	g_string_append(text, "\nSource lines\n");
	for (guint i = 0; i < view->record->events->len; i++) {
		const char *line = record_event(view->record, i)->line;

		if (!line || !g_hash_table_add(seen, (char *)line))
			continue;
		const char *code = source_text_line(data->sources, line, 0);
		g_autofree char *numbers = numbers_at(view, line);
		g_autofree char *tidy = g_strstrip(g_strdup(code ? code : "(source not at hand)"));

		g_string_append_printf(text, "  %s  (%s)\n    %.*s\n", line, numbers, WIDTH - 4, tidy);
	}
}

static void append_ptes(GString *text, const Case *one)
{
	const TraceView *view = one->view;
	guint64 scratch = case_pte(one, "scratch");

	if (!one->facts)
		return;
	g_string_append(text, "\nPTE values (pfns are of this boot)\n");
	for (guint i = 0; i <= view->frames->len; i++) {
		const char *frame = i ? g_ptr_array_index(view->frames, i - 1) : "scratch";
		guint64 pte = i ? case_pte(one, frame) : scratch;
		g_autofree char *flags = pte_describe(pte);

		if (pte)
			g_string_append_printf(text, "  %-18s %#018" G_GINT64_MODIFIER "x  %s\n",
					       trace_view_name(view, frame), pte, flags);
	}
}

/* "at 5, CPU1: writes the PTE …": the event that showed @found. */
static char *moment(const TraceView *view, const Violation *found)
{
	if (found->event < 0)
		return g_strdup("when all had returned");
	const RecordEvent *event = record_event(view->record, found->event);
	g_autofree char *sentence = trace_view_sentence(view, event);

	return g_strdup_printf("at %u, CPU%d %s", record_number(view->record, found->event),
			       view->record->header.actors[event->event.actor].vcpu, sentence);
}

static void append_findings(GString *text, const TraceView *view)
{
	for (guint i = 0; i < view->record->found->len; i++) {
		const Violation *found = record_violation(view->record, i);
		g_autofree char *id = g_strdup_printf("%s: ", found->invariant);
		g_autofree char *when = moment(view, found);
		g_autofree char *sentence = violation_text(found);
		g_autofree char *why = g_strdup_printf("    %s", sentence);

		paragraph(text, id, 4, invariant_statement(found->invariant));
		paragraph(text, "", 4, why);
		fact(text, "  seen", "%s", when);
		fact(text, "  kind", "%s", violation_kind_text(found));
	}
}

static void append_replay(GString *text, const Case *one)
{
	int identical, all;

	g_string_append_printf(text, "\nReplay\n  racerig replay %s.sched --times 10\n", one->stem);
	if (case_replays(one, &identical, &all))
		g_string_append_printf(text, "  %d/%d identical (trace, registers and memory)\n",
				       identical, all);
	else
		g_string_append(text, "  not replayed yet\n");
	g_string_append_printf(text, "-- %s.sched --\n%s-- end of %s.sched --\n", one->stem,
			       one->schedule, one->stem);
}

static void append_environment(GString *text, const RunData *data)
{
	const char *patches = run_data_environment(data, "patches");

	g_string_append(text, "\nEnvironment\n");
	fact(text, "kernel", "%s, %s", run_data_string(data, "kernel_release"),
	     run_data_environment(data, "source"));
	fact(text, "patches", "%s", *patches ? patches : "none");
	fact(text, "build", "%s (%s)", run_data_environment(data, "key"),
	     run_data_string(data, "kernel"));
	for (const OriginMember *member = origin_members; member->name; member++) {
		const char *made = run_data_environment(data, member->name);

		if (*made)
			fact(text, member->title, "%s", made);
	}
	fact(text, "QEMU", "%s, TCG, one thread, -icount shift=0,sleep=off",
	     run_data_environment(data, "qemu"));
	fact(text, "racerig", "%s", RACERIG_VERSION);
	g_string_append_printf(text, "  .config     sha256\n    %s\n",
			       run_data_environment(data, "config_sha256"));
}

static void append_coverage(GString *text, const RunData *data)
{
	const char *bound = run_data_string(data, "bound");
	JsonArray *states = json_object_has_member(data->verdict, "final_states")
		? json_object_get_array_member(data->verdict, "final_states") : NULL;

	g_string_append(text, "\nCoverage\n");
	fact(text, "policy", "%s, %s", run_data_string(data, "policy"), *bound ? bound : "no bound");
	g_autofree char *failures = failures_text(data->verdict);
	if (failures)
		fact(text, "failures", "%s", failures);
	fact(text, "executed", "%" G_GINT64_FORMAT " schedules: %" G_GINT64_FORMAT " violating, %"
	     G_GINT64_FORMAT " with a documented anomaly",
	     run_data_int(data, "executed"), run_data_int(data, "violating"),
	     run_data_int(data, "documented"));
	fact(text, "pruned", "%" G_GINT64_FORMAT " choices (equivalent, or out of bound), %"
	     G_GINT64_FORMAT " redundant starts", run_data_int(data, "pruned"),
	     run_data_int(data, "redundant"));
	fact(text, "cycles", "%" G_GINT64_FORMAT " schedules cut at a repeated state",
	     run_data_int(data, "cycles"));
	if (run_data_int(data, "partial"))
		fact(text, "in part", "%" G_GINT64_FORMAT " schedules ended before all operations had "
		     "returned: I4, I9 and what I11 misses were not asked there",
		     run_data_int(data, "partial"));
	fact(text, "complete", "%s", run_data_coverage(data));
	for (guint i = 0; states && i < json_array_get_length(states) && i < 8; i++) {
		g_autofree char *state =
			g_strchomp(g_strdup(json_array_get_string_element(states, i)));
		fact(text, i ? "" : "ends in", "%s", state);
	}
}

/* What was seen to be reported before the first schedule, and what is not there to be watched. */
static void append_controls(GString *text, const RunData *data)
{
	JsonObject *controls = json_object_has_member(data->verdict, "controls")
		? json_object_get_object_member(data->verdict, "controls") : NULL;
	JsonArray *absent = json_object_has_member(data->verdict, "absent_hooks")
		? json_object_get_array_member(data->verdict, "absent_hooks") : NULL;
	g_autoptr(GList) names = controls ? json_object_get_members(controls) : NULL;

	if (names)
		g_string_append(text, "\nControls: seen to be reported, before the first schedule\n");
	for (GList *name = names; name; name = name->next)
		g_string_append_printf(text, "  %4" G_GINT64_FORMAT "  %s\n",
				       json_object_get_int_member(controls, name->data),
				       (const char *)name->data);
	for (guint i = 0; absent && i < json_array_get_length(absent); i++) {
		g_autofree char *words = g_strdup_printf(
			"this kernel has no %s(); pages that go that way are not seen",
			json_array_get_string_element(absent, i));
		paragraph(text, "     -  ", 8, words);
	}
}

static void append_mutants(GString *text, const RunData *data)
{
	g_string_append_printf(text, "\nMutants under %s (this run and those beside it)\n",
			       run_data_string(data, "scenario"));
	if (!data->mutants->len)
		g_string_append(text, "  none was run: a pass says nothing yet\n");
	for (guint i = 0; i < data->mutants->len; i++) {
		const MutantRun *mutant = g_ptr_array_index(data->mutants, i);
		bool killed = strcmp(mutant->verdict, "violation") == 0;

		fact(text, killed ? "killed" : "NOT killed", "%s%s%s%s", mutant->kernel,
		     killed ? " (" : ", verdict ", killed ? mutant->invariants : mutant->verdict,
		     killed ? ")" : "");
	}
}

static void append_title(GString *text, const RunData *data, const Case *one)
{
	const Violation *finding = one ? record_main(one->view->record) : NULL;
	const char *patches = run_data_environment(data, "patches");
	g_autofree char *title = g_strdup_printf(
		"Kernel %s%s%s, scenario %s: %s%s", run_data_string(data, "kernel_release"),
		*patches ? " + " : "", patches, run_data_string(data, "scenario"),
		finding && !finding->documented ? finding->invariant : "",
		finding && !finding->documented ? " violated" : run_data_string(data, "verdict"));

	paragraph(text, "", 0, title);
	g_autofree char *subject = g_strdup_printf("(%s)", run_data_string(data, "title"));
	paragraph(text, "", 0, subject);
	g_string_append_c(text, '\n');
	if (!*run_data_string(data, "operations"))
		return;
	if (*run_data_string(data, "setup"))
		fact(text, "setup", "%s", run_data_string(data, "setup"));
	fact(text, "actors", "%s", run_data_string(data, "operations"));
	g_string_append_c(text, '\n');
}

char *evidence_text(const RunData *data)
{
	GString *text = g_string_new(NULL);
	const Case *one = run_data_main(data);
	g_auto(GStrv) gaps = run_data_not_covered(data);

	append_title(text, data, one);
	if (one && record_main(one->view->record)) {
		append_findings(text, one->view);
		g_string_append_c(text, '\n');
	} else if (one) {
		g_autofree char *none = g_strdup_printf(
			"No invariant was violated in %" G_GINT64_FORMAT " schedules. One of them:",
			run_data_int(data, "executed"));
		paragraph(text, "", 0, none);
		g_string_append_c(text, '\n');
	}
	if (one) {
		append_interleaving(text, one->view);
		append_sources(text, data, one->view);
		append_ptes(text, one);
		append_replay(text, one);
	}
	append_environment(text, data);
	append_coverage(text, data);
	append_controls(text, data);
	append_mutants(text, data);
	g_string_append(text, "\nNot covered\n");
	for (char **gap = gaps; *gap; gap++)
		paragraph(text, "  - ", 4, *gap);
	return g_string_free(text, FALSE);
}
