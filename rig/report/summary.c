// SPDX-License-Identifier: GPL-2.0-only
#include "report/summary.h"

#include <string.h>

#include "report/grid.h"

static void add_grid(GString *text, const Table *table, bool mutants)
{
	g_autoptr(Grid) grid = grid_new(table, mutants);

	if (!grid)
		return;
	g_autofree char *lines = grid_text(grid);
	g_string_append_printf(text, "%s\n", lines);
}

static void add_unexpected(GString *text, const Table *table, const char *out)
{
	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);
		g_autofree char *reason = table_reason(row);

		if (row->as_expected || row->skipped)
			continue;
		g_string_append_printf(text, "%s on %s: %s\n", row->scenario, row->kernel, reason);
		if (row->schedule)
			g_string_append_printf(text, "  racerig replay %s/%s/%s --times 10\n", out,
					       row->folder, row->schedule);
	}
}

static void add_fixed(GString *text, const Table *table)
{
	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);
		g_autofree char *fixed = table_fixed(row);

		if (fixed)
			g_string_append_printf(text, "%s on %s: the finding is fixed there (%s is known of "
					       "this scenario)\n", row->scenario, row->kernel, fixed);
	}
}

/* Each reason once, with how many pairs it kept from running. */
static void add_skipped(GString *text, const Table *table)
{
	g_autoptr(GPtrArray) reasons = g_ptr_array_new();
	g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);
		if (!row->skipped)
			continue;
		int before = GPOINTER_TO_INT(g_hash_table_lookup(counts, row->skipped));

		if (!before)
			g_ptr_array_add(reasons, row->skipped);
		g_hash_table_insert(counts, row->skipped, GINT_TO_POINTER(before + 1));
	}
	for (guint i = 0; i < reasons->len; i++) {
		char *reason = g_ptr_array_index(reasons, i);
		g_string_append_printf(text, "skipped %d: %s\n",
				       GPOINTER_TO_INT(g_hash_table_lookup(counts, reason)), reason);
	}
}

/* Nobody survives what has not been tried to the end. */
static bool is_finished(const Table *table, const char *mutant)
{
	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);

		if (strcmp(row->kernel, mutant) == 0 &&
		    (row->error || table_row_is_not_run(row) ||
		     strcmp(row->verdict, "inconclusive") == 0))
			return false;
	}
	return true;
}

static void add_survivors(GString *text, const Table *table)
{
	g_autoptr(GHashTable) mutants = table_mutants(table);
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(mutants), (GCompareFunc)g_strcmp0);

	for (GList *name = names; name; name = name->next)
		if (!g_hash_table_lookup(mutants, name->data) && is_finished(table, name->data))
			g_string_append_printf(text, "mutant %s survives\n", (char *)name->data);
}

char *summary_text(const Table *table, const char *out)
{
	g_autoptr(GString) text = g_string_new(NULL);
	GridMark marks[GRID_MARKS];
	guint n_marks = grid_legend(table, marks);
	TableCounts counts = table_count(table);

	add_grid(text, table, false);
	add_grid(text, table, true);
	for (guint i = 0; i < n_marks; i++)
		g_string_append_printf(text, "%s %s\n", marks[i].mark, marks[i].meaning);
	g_string_append(text, n_marks ? "\n" : "");
	add_unexpected(text, table, out);
	add_fixed(text, table);
	if (!table->partial)
		add_survivors(text, table);
	add_skipped(text, table);
	g_string_append_printf(text, "%d pairs: %d as expected, %d not, %d not finished, %d broken, "
			       "%d skipped", counts.pairs, counts.as_expected, counts.unexpected,
			       counts.inconclusive, counts.broken, counts.skipped);
	if (counts.not_run)
		g_string_append_printf(text, ", %d not run", counts.not_run);
	g_string_append_c(text, '\n');
	g_string_append_printf(text, "%" G_GINT64_FORMAT " schedules", counts.schedules);
	if (counts.mutants && !table->partial)
		g_string_append_printf(text, "; %d of %d mutants killed by the invariant they break",
				       counts.killed, counts.mutants);
	g_string_append_c(text, '\n');
	return g_string_free(g_steal_pointer(&text), FALSE);
}
