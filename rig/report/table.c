// SPDX-License-Identifier: GPL-2.0-only
#include "report/table.h"

#include <string.h>

#include "catalog/expect-text.h"
#include "util/noise.h"

static void row_free(gpointer data)
{
	TableRow *row = data;

	g_free(row->scenario);
	g_free(row->kernel);
	g_free(row->kind);
	g_free(row->breaks);
	g_free(row->expected);
	g_free(row->known);
	g_free(row->verdict);
	g_strfreev(row->invariants);
	g_strfreev(row->violated);
	g_free(row->bound);
	g_free(row->skipped);
	g_free(row->error);
	g_free(row->folder);
	g_free(row->schedule);
	g_free(row->log);
	g_free(row);
}

Table *table_new(void)
{
	Table *table = g_new0(Table, 1);

	table->rows = g_ptr_array_new_with_free_func(row_free);
	return table;
}

void table_free(Table *table)
{
	if (!table)
		return;
	g_ptr_array_unref(table->rows);
	g_free(table);
}

TableRow *table_add(Table *table)
{
	TableRow *row = g_new0(TableRow, 1);

	row->invariants = g_new0(char *, 1);
	row->violated = g_new0(char *, 1);
	g_ptr_array_add(table->rows, row);
	return row;
}

static int kind_order(const char *kind)
{
	static const char *const order[] = { "stock", "variant", "own", "mutant" };

	for (gsize i = 0; i < G_N_ELEMENTS(order); i++)
		if (strcmp(order[i], kind) == 0)
			return i;
	return G_N_ELEMENTS(order);
}

static gint by_kernel(gconstpointer a, gconstpointer b)
{
	const TableRow *left = *(TableRow *const *)a, *right = *(TableRow *const *)b;
	int kinds = kind_order(left->kind) - kind_order(right->kind);
	int kernels = strcmp(left->kernel, right->kernel);

	return kinds ? kinds : kernels ? kernels : strcmp(left->scenario, right->scenario);
}

void table_sort(Table *table)
{
	g_ptr_array_sort(table->rows, by_kernel);
}

GHashTable *table_mutants(const Table *table)
{
	GHashTable *mutants = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);

		if (!row->breaks || row->skipped)
			continue;
		bool killed = g_strv_contains((const char *const *)row->invariants, row->breaks) ||
			      g_hash_table_lookup(mutants, row->kernel);
		g_hash_table_replace(mutants, g_strdup(row->kernel), GINT_TO_POINTER(killed));
	}
	return mutants;
}

bool table_row_is_not_run(const TableRow *row)
{
	return strcmp(row->verdict, "not run") == 0;
}

TableCounts table_count(const Table *table)
{
	TableCounts counts = { .pairs = table->rows->len };
	g_autoptr(GHashTable) mutants = table_mutants(table);
	GHashTableIter iter;
	gpointer killed;

	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);

		counts.schedules += row->executed;
		if (row->skipped)
			counts.skipped++;
		else if (row->error)
			counts.broken++;
		else if (row->as_expected)
			counts.as_expected++;
		else if (strcmp(row->verdict, "inconclusive") == 0)
			counts.inconclusive++;
		else if (table_row_is_not_run(row))
			counts.not_run++;
		else
			counts.unexpected++;
	}
	counts.mutants = g_hash_table_size(mutants);
	g_hash_table_iter_init(&iter, mutants);
	while (g_hash_table_iter_next(&iter, NULL, &killed))
		counts.killed += killed != NULL;
	return counts;
}

/* "I7;I6" of "I7/read-old;I7/wrote-old;I6"; the caller's. */
static char *ids_of(const char *violations)
{
	g_auto(GStrv) words = g_strsplit(violations, ";", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (char **word = words; *word; word++) {
		(*word)[strcspn(*word, "/")] = '\0';
		if (word == words || strcmp(*word, word[-1]) != 0)
			g_string_append_printf(text, "%s%s", text->len ? ";" : "", *word);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

char *table_fixed(const TableRow *row)
{
	const char *known = row->named ? row->expected : row->known;

	/* Invariants, and no verdict. */
	if (row->breaks || !known || !g_str_has_prefix(known, "I") || !row->as_expected ||
	    !row->complete || *row->invariants)
		return NULL;
	return ids_of(known);
}

/* Whether each way in which @row violates @id is among the @known. */
static bool is_known(const TableRow *row, const char *id, char **known)
{
	char *alone[] = { (char *)id, NULL };

	for (char **way = *row->violated ? row->violated : alone; *way; way++)
		if (expect_text_covers(id, *way) && !expect_text_any_covers(known, *way))
			return false;
	return true;
}

/* What @row violates beyond what stock is expected to. */
static char *own_invariants(const TableRow *row)
{
	g_auto(GStrv) known = g_strsplit(row->known ? row->known : "", ";", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (char **id = row->invariants; *id; id++)
		if (g_strcmp0(*id, row->breaks) == 0 || !is_known(row, *id, known))
			g_string_append_printf(text, "%s%s", text->len ? ";" : "", *id);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

char *table_cell(const TableRow *row)
{
	bool violation = strcmp(row->verdict, "violation") == 0;

	if (!row->breaks)
		return violation ? g_strjoinv(";", row->invariants) : g_strdup(row->verdict);
	if (g_strv_contains((const char *const *)row->invariants, row->breaks))
		return g_strdup(row->breaks);
	g_autofree char *own = own_invariants(row);
	if (violation && *own)
		return g_steal_pointer(&own);
	return g_strdup(row->skipped ? "skip" : row->error ? "err"
			: table_row_is_not_run(row) ? "not run"
			: strcmp(row->verdict, "inconclusive") == 0 ? "?" : "-");
}

/* What was found, with the ways of an invariant where the expectation names one. */
static char *found_text(const TableRow *row)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (char **id = row->invariants; *id; id++) {
		g_autofree char *prefix = g_strconcat(*id, "/", NULL);
		bool ways = strstr(row->expected, prefix) != NULL;

		if (!ways)
			g_string_append_printf(text, "%s%s", text->len ? ";" : "", *id);
		for (char **way = row->violated; ways && *way; way++)
			if (g_str_has_prefix(*way, prefix))
				g_string_append_printf(text, "%s%s", text->len ? ";" : "", *way);
	}
	return *row->invariants ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup(row->verdict);
}

char *table_reason(const TableRow *row)
{
	g_autofree char *found = found_text(row);

	if (row->skipped || row->error)
		return noise(g_strdup(row->skipped ? row->skipped : row->error));
	if (table_row_is_not_run(row))
		return noise(g_strdup("not run"));
	if (strcmp(row->verdict, "inconclusive") == 0)
		return noise(g_strdup_printf("not finished: %d schedules so far", row->executed));
	return noise(g_strdup_printf("expected %s, found %s", row->expected, found));
}
