// SPDX-License-Identifier: GPL-2.0-only
#include "report/markdown.h"

#include <string.h>

#include "report/grid.h"

enum { LOG_BYTES = 8000 };

static void add_grid(GString *text, const Grid *grid, const char *title)
{
	g_string_append_printf(text, "### %s\n\n| %s |", title, grid->mutants ? "mutant" : "scenario");
	for (guint i = 0; i < grid->columns->len; i++)
		g_string_append_printf(text, " %s |", (char *)g_ptr_array_index(grid->columns, i));
	g_string_append(text, "\n| --- |");
	for (guint i = 0; i < grid->columns->len; i++)
		g_string_append(text, " --- |");
	g_string_append_c(text, '\n');
	for (guint line = 0; line < grid->lines->len; line++) {
		g_string_append_printf(text, "| %s |", (char *)g_ptr_array_index(grid->lines, line));
		for (guint i = 0; i < grid->columns->len; i++) {
			g_autofree char *cell = grid_cell(grid, line, i);
			g_string_append_printf(text, " %s |", cell);
		}
		g_string_append_c(text, '\n');
	}
	g_string_append_c(text, '\n');
}

/* One that the page cannot take for its own: what the kernel printed may hold anything. */
static void add_fenced(GString *text, const char *log)
{
	gsize length = strlen(log);

	g_string_append(text, "\n~~~~~~~~text\n");
	if (length > LOG_BYTES) {
		g_autofree char *head = g_strndup(log, LOG_BYTES);
		g_autofree char *valid = g_utf8_make_valid(head, -1);
		g_string_append_printf(text, "%s\n… (all of it is in explore.txt)", valid);
	} else {
		g_string_append(text, log);
	}
	g_string_append(text, "\n~~~~~~~~\n");
}

static void add_unexpected(GString *text, const TableRow *row)
{
	g_autofree char *reason = table_reason(row);

	g_string_append_printf(text, "<details><summary>%s on %s: %s</summary>\n", row->scenario,
			       row->kernel, reason);
	if (row->folder && row->schedule)
		g_string_append_printf(text, "\n`racerig replay %s/%s --times 10`\n", row->folder,
				       row->schedule);
	if (row->log)
		add_fenced(text, row->log);
	g_string_append(text, "\n</details>\n\n");
}

char *markdown_text(const Table *table, const Comparison *comparison)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(Grid) kernels = grid_new(table, false);
	g_autoptr(Grid) mutants = grid_new(table, true);
	GridMark marks[GRID_MARKS];
	guint n_marks = grid_legend(table, marks);
	TableCounts counts = table_count(table);
	bool good = counts.as_expected + counts.skipped == counts.pairs;

	g_string_append_printf(text, "## racerig: %s\n\n%d pairs of scenario and kernel: %d as expected, "
			       "%d not, %d not finished, %d not run, %d broken, %d skipped; %" G_GINT64_FORMAT
			       " schedules.\n\n", good ? "as expected" : "NOT as expected",
			       counts.pairs, counts.as_expected, counts.unexpected, counts.inconclusive,
			       counts.not_run, counts.broken, counts.skipped, counts.schedules);
	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);

		if (!row->as_expected && !row->skipped)
			add_unexpected(text, row);
	}
	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);
		g_autofree char *fixed = table_fixed(row);

		if (fixed)
			g_string_append_printf(text, "**%s on %s: the finding is fixed there** (%s)\n\n",
					       row->scenario, row->kernel, fixed);
	}
	if (kernels)
		add_grid(text, kernels, "Kernels");
	if (mutants) {
		g_autofree char *title = table->partial ? g_strdup("Mutants of this shard")
			: g_strdup_printf("Mutants: %d of %d killed", counts.killed, counts.mutants);
		add_grid(text, mutants, title);
	}
	for (guint i = 0; i < n_marks; i++)
		g_string_append_printf(text, "- `%s` %s\n", marks[i].mark, marks[i].meaning);
	if (comparison) {
		g_autofree char *changes = comparison_text(comparison);
		g_string_append_printf(text, "\n### Compared with before\n\n~~~~text\n%s~~~~\n", changes);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}
