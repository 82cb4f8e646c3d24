// SPDX-License-Identifier: GPL-2.0-only
#include "report/grid.h"

#include <string.h>

#include "util/noise.h"

enum { WIDTH = 80 };

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(GPtrArray *names, const char *name)
{
	if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
		g_ptr_array_add(names, g_strdup(name));
}

Grid *grid_new(const Table *table, bool mutants)
{
	g_autoptr(Grid) grid = g_new0(Grid, 1);

	grid->mutants = mutants;
	grid->lines = g_ptr_array_new_with_free_func(g_free);
	grid->columns = g_ptr_array_new_with_free_func(g_free);
	grid->cells = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < table->rows->len; i++) {
		TableRow *row = g_ptr_array_index(table->rows, i);
		const char *line = mutants ? row->kernel : row->scenario;
		const char *column = mutants ? row->scenario : row->kernel;

		if ((row->breaks != NULL) != mutants)
			continue;
		add_name(grid->lines, line);
		add_name(grid->columns, column);
		g_hash_table_insert(grid->cells, g_strdup_printf("%s %s", line, column), row);
	}
	g_ptr_array_sort(grid->lines, by_name);
	/* Kernels keep the order of the table: stock first. */
	if (mutants)
		g_ptr_array_sort(grid->columns, by_name);
	return grid->lines->len ? g_steal_pointer(&grid) : NULL;
}

void grid_free(Grid *grid)
{
	if (!grid)
		return;
	g_ptr_array_unref(grid->lines);
	g_ptr_array_unref(grid->columns);
	g_hash_table_unref(grid->cells);
	g_free(grid);
}

char *grid_cell(const Grid *grid, guint line, guint column)
{
	g_autofree char *key = g_strdup_printf("%s %s",
					       (char *)g_ptr_array_index(grid->lines, line),
					       (char *)g_ptr_array_index(grid->columns, column));
	const TableRow *row = g_hash_table_lookup(grid->cells, key);

	if (!row)
		return g_strdup("");
	g_autofree char *cell = table_cell(row);
	return g_strconcat(cell, row->bound && !row->skipped ? "~" : "",
			   row->as_expected || row->skipped ? "" : "!", NULL);
}

static guint column_width(const Grid *grid, guint column, const char *head)
{
	gsize width = strlen(head);

	for (guint line = 0; line < grid->lines->len; line++) {
		g_autofree char *cell = grid_cell(grid, line, column);
		width = MAX(width, strlen(cell));
	}
	return width + 1;
}

static guint names_width(const Grid *grid)
{
	gsize width = strlen("scenario");

	for (guint line = 0; line < grid->lines->len; line++)
		width = MAX(width, strlen(g_ptr_array_index(grid->lines, line)));
	return width + 1;
}

/* Names above the columns, or where those are too many, numbers. */
static char **make_heads(const Grid *grid, bool *numbered)
{
	char **heads = g_new0(char *, grid->columns->len + 1);
	guint width = names_width(grid);

	for (guint i = 0; i < grid->columns->len; i++) {
		heads[i] = g_strdup(g_ptr_array_index(grid->columns, i));
		width += column_width(grid, i, heads[i]);
	}
	*numbered = width > WIDTH;
	for (guint i = 0; *numbered && i < grid->columns->len; i++) {
		g_free(heads[i]);
		heads[i] = g_strdup_printf("%u", i + 1);
	}
	return heads;
}

static void end_line(GString *text)
{
	while (text->len && text->str[text->len - 1] == ' ')
		g_string_truncate(text, text->len - 1);
	g_string_append_c(text, '\n');
}

static void add_numbers(GString *text, const Grid *grid)
{
	gsize start = text->len;

	for (guint i = 0; i < grid->columns->len; i++) {
		g_autofree char *name = g_strdup_printf("%u %s%s", i + 1,
							(char *)g_ptr_array_index(grid->columns, i),
							i + 1 < grid->columns->len ? ", " : "");
		if (text->len - start + strlen(name) > WIDTH) {
			end_line(text);
			start = text->len;
		}
		g_string_append(text, name);
	}
	end_line(text);
}

char *grid_text(const Grid *grid)
{
	g_autoptr(GString) text = g_string_new(NULL);
	bool numbered;
	g_auto(GStrv) heads = make_heads(grid, &numbered);
	guint width = names_width(grid);

	g_string_append_printf(text, "%-*s", width, grid->mutants ? "mutant" : "scenario");
	for (guint i = 0; i < grid->columns->len; i++)
		g_string_append_printf(text, "%-*s", column_width(grid, i, heads[i]), heads[i]);
	end_line(text);
	for (guint line = 0; line < grid->lines->len; line++) {
		g_string_append_printf(text, "%-*s", width,
				       (char *)g_ptr_array_index(grid->lines, line));
		for (guint i = 0; i < grid->columns->len; i++) {
			g_autofree char *cell = grid_cell(grid, line, i);
			g_string_append_printf(text, "%-*s", column_width(grid, i, heads[i]), cell);
		}
		end_line(text);
	}
	if (numbered)
		add_numbers(text, grid);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

guint grid_legend(const Table *table, GridMark *ret)
{
	static const GridMark caught = {
		"I1", "caught by this invariant; - does what stock does there; empty: not run" };
	static const GridMark within = {
		"~", "every interleaving within a bound on preemptions, not all" };
	static const GridMark otherwise = { "!", "not as expected" };
	bool bounded = false, unexpected = false, mutants = false;
	guint n = 0;

	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);

		bounded |= row->bound && !row->skipped;
		unexpected |= !row->as_expected && !row->skipped;
		mutants |= row->breaks != NULL;
	}
	if (mutants)
		ret[n++] = caught;
	if (bounded)
		ret[n++] = within;
	if (unexpected)
		ret[n++] = otherwise;
	for (guint i = 0; i < n; i++)
		ret[i].meaning = noise_constant(ret[i].meaning);
	return n;
}
