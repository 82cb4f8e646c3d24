// SPDX-License-Identifier: GPL-2.0-only
#include "arch/arch.h"
#include "report/html.h"

#include <string.h>

static bool is_mutant(const TableRow *row)
{
	return strcmp(row->kind, "mutant") == 0;
}

static bool is_violation(const TableRow *row)
{
	return g_strcmp0(row->verdict, "violation") == 0;
}

static const TableRow *row_at(const Table *table, guint i)
{
	return g_ptr_array_index(table->rows, i);
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The distinct kernels or scenarios of the rows that are mutants, or are not; sorted. */
static GPtrArray *names(const Table *table, bool kernels, bool mutants)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = row_at(table, i);
		char *name = kernels ? row->kernel : row->scenario;

		if (is_mutant(row) == mutants &&
		    !g_ptr_array_find_with_equal_func(list, name, g_str_equal, NULL))
			g_ptr_array_add(list, name);
	}
	g_ptr_array_sort(list, by_text);
	return list;
}

static const TableRow *find(const Table *table, const char *scenario, const char *kernel)
{
	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = row_at(table, i);

		if (strcmp(row->scenario, scenario) == 0 && strcmp(row->kernel, kernel) == 0)
			return row;
	}
	return NULL;
}

/* Heat: on a mutant a violation is what is wanted, elsewhere it is the news. */
static const char *heat(const TableRow *row)
{
	if (row->error)
		return "bad";
	if (row->skipped || table_row_is_not_run(row) || strcmp(row->verdict, "inconclusive") == 0)
		return "cold";
	if (is_mutant(row))
		return is_violation(row) ? "good" : "faint";
	return is_violation(row) ? "bad" : strcmp(row->verdict, "documented") == 0 ? "note" : "good";
}

static void add_cell(GString *page, const TableRow *row)
{
	if (!row) {
		g_string_append(page, "<td class=\"heat absent\"><span class=\"vh\">not run</span></td>");
		return;
	}
	g_autofree char *ids = g_strjoinv(" ", row->invariants);
	html_add(page, "<td class=\"heat %s%s\">", heat(row),
		 row->skipped || row->as_expected ? "" : " unexpected");
	if (row->skipped || row->error) {
		html_add(page, "%s<span class=\"sub\">%s</span></td>", row->error ? "error" : "skipped",
			 row->error ? row->error : row->skipped);
		return;
	}
	if (row->folder)
		html_add(page, "<a href=\"%s/report.html\">", row->folder);
	html_add(page, "%s", is_violation(row) ? ids : row->verdict);
	g_string_append(page, row->folder ? "</a>" : "");
	html_add(page, "<span class=\"sub\">%d run%s</span>", row->executed,
		 row->complete ? "" : ", not complete");
	if (!row->as_expected)
		html_add(page, "<span class=\"sub\">NOT as expected: %s</span>", row->expected);
	g_string_append(page, "</td>");
}

static void add_table(GString *page, const Table *table, const char *caption, bool mutants)
{
	g_autoptr(GPtrArray) scenarios = names(table, false, mutants);
	g_autoptr(GPtrArray) kernels = names(table, true, mutants);
	/* What there is more of goes down. */
	GPtrArray *down = mutants ? kernels : scenarios, *across = mutants ? scenarios : kernels;

	if (!down->len) {
		g_string_append(page, "<p>None was run.</p>\n");
		return;
	}
	html_add(page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
		       "<table class=\"map\"><caption>%s</caption><thead><tr><th scope=\"col\">%s</th>",
		 caption, caption, mutants ? "mutant" : "scenario");
	for (guint i = 0; i < across->len; i++)
		html_add(page, "<th scope=\"col\">%s</th>", (char *)g_ptr_array_index(across, i));
	g_string_append(page, "</tr></thead><tbody>\n");
	for (guint i = 0; i < down->len; i++) {
		const char *name = g_ptr_array_index(down, i);

		html_add(page, "<tr><th scope=\"row\">%s</th>", name);
		for (guint j = 0; j < across->len; j++) {
			const char *other = g_ptr_array_index(across, j);

			add_cell(page, mutants ? find(table, other, name) : find(table, name, other));
		}
		g_string_append(page, "</tr>\n");
	}
	g_string_append(page, "</tbody></table></div>\n");
}

static void add_summary(GString *page, const Table *table)
{
	g_autoptr(GPtrArray) mutants = names(table, true, true);
	g_autoptr(GHashTable) caught = table_mutants(table);
	TableCounts counts = table_count(table);
	bool good = counts.as_expected + counts.skipped == counts.pairs;

	html_add(page, "<header><p class=\"kicker\">racerig</p><h1>Suite</h1>\n<p class=\"verdict %s\">"
		       "<strong>%d of %d as expected</strong></p>\n<nav aria-label=\"Sections\">"
		       "<a href=\"#scenarios\">Scenarios</a> <a href=\"#mutation\">Mutants</a> "
		       "<a href=\"#limits\">Not covered</a></nav></header>\n<main id=\"main\">\n",
		 good ? "good" : "bad", counts.as_expected, counts.pairs - counts.skipped);
	html_add(page, "<dl class=\"tiles\"><div><dt>runs</dt><dd>%d</dd></div><div><dt>schedules</dt>"
		       "<dd>%" G_GINT64_FORMAT "</dd></div><div><dt>not as expected</dt><dd>%d</dd></div>"
		       "<div><dt>inconclusive</dt><dd>%d</dd></div><div><dt>broken</dt><dd>%d</dd></div>"
		       "<div><dt>skipped</dt><dd>%d</dd></div><div><dt>mutants killed</dt>"
		       "<dd>%d of %d</dd></div></dl>\n", counts.pairs, counts.schedules,
		 counts.unexpected, counts.inconclusive, counts.broken, counts.skipped, counts.killed,
		 counts.mutants);
	for (guint i = 0; i < mutants->len; i++) {
		const char *name = g_ptr_array_index(mutants, i);

		if (g_hash_table_contains(caught, name) && !g_hash_table_lookup(caught, name))
			html_add(page, "<p class=\"finding bad\">No scenario kills <strong>%s</strong> by "
				       "the invariant it breaks.</p>\n", name);
	}
}

char *html_suite(const Table *table)
{
	GString *page = g_string_new(NULL);

	html_begin(page, "racerig suite");
	add_summary(page, table);
	g_string_append(page, "<section id=\"scenarios\"><h2>Scenarios</h2>\n<p>What was found on each "
			      "kernel: an invariant that is violated, or the verdict. A thick frame says "
			      "that it is not what was expected.</p>\n");
	add_table(page, table, "Scenarios by kernels", false);
	g_string_append(page, "</section>\n<section id=\"mutation\"><h2>Mutants</h2>\n<p>Which scenario "
			      "kills which mutant, and by which invariant.</p>\n");
	add_table(page, table, "Mutants by scenarios", true);
	g_string_append(page, "</section>\n<section id=\"limits\"><h2>Not covered</h2><ul><li>SC only: "
			      "sequential consistency, one instruction at a time, as TCG runs it; no store "
			      "buffers, no reordering.</li><li>Only the listed actors and pages; ");
	g_string_append_printf(page, "%s, TCG's devices.</li><li>A pass of a rig that kills no mutants "
			       "proves nothing.</li></ul></section>\n</main>\n", ARCH.title);
	html_end(page);
	return g_string_free(page, FALSE);
}
