// SPDX-License-Identifier: GPL-2.0-only
#include "report/html.h"

#include <string.h>

#include "catalog/invariant.h"
#include "catalog/origin.h"
#include "catalog/splat.h"
#include "report/violation-text.h"
#include "report/unseen-text.h"

static void add_header(GString *page, const RunData *data)
{
	const Case *one = run_data_main(data);
	const Violation *found = one ? record_main(one->view->record) : NULL;
	g_autofree char *sentence = found ? violation_text(found) : NULL;
	const char *verdict = run_data_string(data, "verdict");
	bool bad = strcmp(verdict, "violation") == 0;

	html_add(page, "<header><p class=\"kicker\">racerig</p><h1>%s <span class=\"muted\">on</span> "
		       "%s</h1>\n<p class=\"subject\">%s; kernel: %s</p>\n",
		 run_data_string(data, "scenario"), run_data_string(data, "kernel"),
		 run_data_string(data, "title"), run_data_string(data, "kernel_title"));
	if (*run_data_string(data, "operations"))
		html_add(page, "<p class=\"subject\">%s%s<code>%s</code></p>\n",
			 run_data_string(data, "setup"), *run_data_string(data, "setup") ? "; then " : "",
			 run_data_string(data, "operations"));
	html_add(page, "<p class=\"verdict %s\"><strong>%s</strong>",
		 bad ? "bad" : strcmp(verdict, "clean") == 0 ? "good" : "note", verdict);
	if (found)
		html_add(page, " <span>%s: %s</span>", found->invariant, sentence);
	g_string_append(page, "</p>\n<nav aria-label=\"Sections\"><a href=\"#findings\">Findings</a> "
			      "<a href=\"#interleaving\">Interleaving</a> <a href=\"#exploration\">"
			      "Exploration</a> <a href=\"#mutants\">Mutants</a> "
			      "<a href=\"#environment\">Environment</a> <a href=\"#console\">Console</a> "
			      "<a href=\"#limits\">Not covered</a></nav></header>\n<main id=\"main\">\n");
}

static void add_tile(GString *page, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add_tile(GString *page, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *value = g_strdup_vprintf(format, args);
	va_end(args);
	html_add(page, "<div><dt>%s</dt><dd>%s</dd></div>\n", name, value);
}

static void add_count(GString *page, const RunData *data, const char *name, const char *member)
{
	add_tile(page, name, "%" G_GINT64_FORMAT, run_data_int(data, member));
}

static void add_link(GString *page, const RunViolation *violation)
{
	g_autofree char *base = g_path_get_basename(violation->schedule);
	g_autofree char *stem = g_strndup(base, strcspn(base, "."));

	html_add(page, "<a href=\"#case-%s\">%s</a>", stem, stem);
}

/* One row for all that differ in their event only. */
static bool same_finding(const Violation *a, const Violation *b)
{
	return strcmp(a->invariant, b->invariant) == 0 && strcmp(a->reason, b->reason) == 0 &&
	       a->kind == b->kind && a->page == b->page && a->vcpu == b->vcpu &&
	       g_strcmp0(a->actor, b->actor) == 0 && a->count == b->count &&
	       a->expected == b->expected && a->address == b->address && a->write == b->write &&
	       g_strcmp0(a->log, b->log) == 0;
}

/* The rows of @all that say what row @first says, in one. */
static void add_finding(GString *page, const GArray *all, guint first)
{
	const RunViolation *one = &g_array_index(all, RunViolation, first), *plainest = one;
	g_autofree char *sentence = violation_text(&one->found);
	guint more = 0;

	for (guint i = 0; i < all->len; i++) {
		const RunViolation *other = &g_array_index(all, RunViolation, i);

		if (!same_finding(&one->found, &other->found))
			continue;
		if (i < first)
			return;
		more += i > first;
		if (other->switches < plainest->switches)
			plainest = other;
	}
	html_add(page, "<tr><th scope=\"row\">%s</th><td>%s<span class=\"sub\">%s</span></td>"
		       "<td>%s</td><td>", one->found.invariant, sentence,
		 invariant_statement(one->found.invariant),
		 one->found.documented ? "documented" : violation_kind(one->found.kind));
	add_link(page, plainest);
	if (more)
		html_add(page, " and %u more", more);
	g_string_append(page, "</td></tr>\n");
}

static void add_table(GString *page, const GArray *all, const char *name, const char *caption)
{
	if (!all->len)
		return;
	html_add(page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
		       "<table class=\"list\"><caption>%s</caption><thead><tr><th scope=\"col\">"
		       "invariant</th><th scope=\"col\">what was seen, and what should be</th>"
		       "<th scope=\"col\">kind</th><th scope=\"col\">schedule</th></tr>"
		       "</thead><tbody>\n", name, caption);
	for (guint i = 0; i < all->len; i++)
		add_finding(page, all, i);
	g_string_append(page, "</tbody></table></div>\n");
}

static void add_findings(GString *page, const RunData *data)
{
	g_string_append(page, "<section id=\"findings\"><h2>Findings</h2>\n");
	if (!data->violations->len && !data->accepted->len)
		html_add(page, "<p>No invariant was violated in %" G_GINT64_FORMAT " schedules; %s.</p>",
			 run_data_int(data, "executed"), run_data_coverage(data));
	add_table(page, data->violations, "Violations", "Violated, in the saved schedules");
	if (data->accepted->len)
		html_add(page, "<p>%" G_GINT64_FORMAT " schedules violate nothing and show what the "
			       "design accepts: documented, not a violation.</p>\n",
			 run_data_int(data, "documented"));
	add_table(page, data->accepted, "Documented", "Documented, the first schedule of each kind");
	g_string_append(page, "</section>\n");
}

static void add_interleavings(GString *page, const RunData *data)
{
	g_string_append(page, "<section id=\"interleaving\"><h2>Interleaving</h2>\n"
			      "<p>Time runs downwards, one lane a vCPU. Numbered events are decisions of "
			      "the schedule; the others follow from the one before. Open an event for its "
			      "source, PTEs and registers"
			      "<span class=\"js\">; arrow keys walk, <kbd>v</kbd> goes to the violation"
			      "</span>.</p>\n<div class=\"split\"><div class=\"cases\">\n");
	for (guint i = 0; i < data->cases->len; i++)
		html_case(page, data, g_ptr_array_index(data->cases, i), i == 0);
	g_string_append(page, "</div>\n<aside class=\"inspector\" tabindex=\"0\" "
			      "aria-label=\"Event under the pointer\" "
			      "hidden></aside></div></section>\n");
}

static void add_exploration(GString *page, const RunData *data)
{
	const char *bound = run_data_string(data, "bound");

	g_string_append(page, "<section id=\"exploration\"><h2>Exploration</h2>\n<dl class=\"tiles\">\n");
	add_count(page, data, "schedules executed", "executed");
	add_count(page, data, "violating", "violating");
	add_count(page, data, "documented", "documented");
	add_count(page, data, "choices pruned", "pruned");
	add_count(page, data, "redundant starts", "redundant");
	add_count(page, data, "cycles cut", "cycles");
	add_count(page, data, "final states", "distinct_final_states");
	add_tile(page, "policy", "%s", run_data_string(data, "policy"));
	add_tile(page, "bound", "%s", *bound ? bound : "none");
	g_autofree char *failures = failures_text(data->verdict);
	if (failures)
		add_tile(page, "failures", "%s", failures);
	html_add(page, "</dl>\n<p>%s.</p>\n<h3>The tree of decisions</h3>\n", run_data_coverage(data));
	html_tree(page, data);
	g_string_append(page, "</section>\n");
}

static void add_mutants(GString *page, const RunData *data)
{
	html_add(page, "<section id=\"mutants\"><h2>Mutants of this scenario</h2>\n<p>From this run and "
		       "the ones in the folder beside it. A scenario that kills no mutants proves "
		       "nothing by passing.</p>\n");
	if (!data->mutants->len) {
		g_string_append(page, "<p>No mutant was run beside this one.</p></section>\n");
		return;
	}
	g_string_append(page, "<table class=\"list\"><caption>Mutants</caption><thead><tr><th scope=\"col\">"
			      "mutant</th><th scope=\"col\">what is broken</th><th scope=\"col\">fate</th>"
			      "</tr></thead><tbody>\n");
	for (guint i = 0; i < data->mutants->len; i++) {
		const MutantRun *mutant = g_ptr_array_index(data->mutants, i);
		bool killed = strcmp(mutant->verdict, "violation") == 0;

		html_add(page, "<tr><th scope=\"row\">%s</th><td>%s</td><td class=\"heat %s\">%s %s</td>"
			       "</tr>\n", mutant->kernel, mutant->title, killed ? "good" : "bad",
			 killed ? "killed by" : "survives:", killed ? mutant->invariants : mutant->verdict);
	}
	g_string_append(page, "</tbody></table></section>\n");
}

static void add_environment(GString *page, const RunData *data)
{
	const Case *one = run_data_main(data);
	const char *patches = run_data_environment(data, "patches");

	g_string_append(page, "<section id=\"environment\"><h2>Environment</h2>\n<dl class=\"facts\">\n");
	add_tile(page, "kernel", "%s, %s", run_data_string(data, "kernel_release"),
		 run_data_environment(data, "source"));
	add_tile(page, "patches", "%s", *patches ? patches : "none");
	add_tile(page, "build", "%s", run_data_environment(data, "key"));
	add_tile(page, ".config sha256", "%s", run_data_environment(data, "config_sha256"));
	for (const OriginMember *member = origin_members; member->name; member++) {
		const char *made = run_data_environment(data, member->name);

		if (*made)
			add_tile(page, member->title, "%s", made);
	}
	add_tile(page, "QEMU", "%s, TCG, one thread, -icount shift=0,sleep=off",
		 run_data_environment(data, "qemu"));
	if (one)
		add_tile(page, "replay", "racerig replay schedules/%s.sched --times 10", one->stem);
	g_string_append(page, "</dl></section>\n");
}

/* Lines a kernel prints when something is badly wrong, up to the end of the trace. */
static void add_console(GString *page, const RunData *data)
{
	g_auto(GStrv) lines = g_strsplit(data->console, "\n", -1);
	bool lit = false;

	g_string_append(page, "<section id=\"console\"><h2>Console</h2>\n");
	if (!*data->console) {
		g_string_append(page, "<p>The guest wrote nothing: it started from a snapshot and the "
				      "kernel had nothing to say.</p></section>\n");
		return;
	}
	g_string_append(page, "<pre class=\"console\" tabindex=\"0\" aria-label=\"Console log\">");
	for (char **line = lines; *line; line++) {
		lit |= splat_opens(*line) || strstr(*line, "Call Trace");
		g_string_append(page, lit ? "<mark>" : "");
		html_add_text(page, g_strchomp(*line));
		g_string_append(page, lit ? "</mark>\n" : "\n");
		if (strstr(*line, "---[ end ") || !**line)
			lit = false;
	}
	g_string_append(page, "</pre></section>\n");
}

static void add_limits(GString *page, const RunData *data)
{
	g_auto(GStrv) gaps = run_data_not_covered(data);

	g_string_append(page, "<section id=\"limits\"><h2>Not covered</h2>\n<ul>\n");
	for (char **gap = gaps; *gap; gap++)
		html_add(page, "<li>%s</li>\n", *gap);
	g_string_append(page, "</ul></section>\n</main>\n");
}

char *html_run(const RunData *data)
{
	GString *page = g_string_new(NULL);
	g_autofree char *title = g_strdup_printf("%s on %s: %s", run_data_string(data, "scenario"),
						 run_data_string(data, "kernel"),
						 run_data_string(data, "verdict"));

	html_begin(page, title);
	add_header(page, data);
	add_findings(page, data);
	add_interleavings(page, data);
	add_exploration(page, data);
	add_mutants(page, data);
	add_environment(page, data);
	add_console(page, data);
	add_limits(page, data);
	html_end(page);
	return g_string_free(page, FALSE);
}
