// SPDX-License-Identifier: GPL-2.0-only
#include "report/compare.h"

#include <string.h>

static GPtrArray *new_list(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

void comparison_free(Comparison *comparison)
{
	if (!comparison)
		return;
	g_ptr_array_unref(comparison->violated);
	g_ptr_array_unref(comparison->mended);
	g_ptr_array_unref(comparison->kept);
	g_ptr_array_unref(comparison->clean);
	g_ptr_array_unref(comparison->other);
	g_ptr_array_unref(comparison->coverage);
	g_free(comparison);
}

static bool has_one_kernel(const Table *table)
{
	for (guint i = 1; i < table->rows->len; i++) {
		const TableRow *first = g_ptr_array_index(table->rows, 0);
		const TableRow *row = g_ptr_array_index(table->rows, i);

		if (strcmp(first->kernel, row->kernel) != 0)
			return false;
	}
	return true;
}

static const TableRow *find(const Table *table, const TableRow *wanted, bool any_kernel)
{
	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);

		if (strcmp(row->scenario, wanted->scenario) == 0 &&
		    (any_kernel || strcmp(row->kernel, wanted->kernel) == 0))
			return row;
	}
	return NULL;
}

/* The ids of @these that are not in @those, or NULL. */
static char *only_in(char **these, char **those)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (; *these; these++)
		if (!g_strv_contains((const char *const *)those, *these))
			g_string_append_printf(text, "%s%s", text->len ? ";" : "", *these);
	return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

/* Invariants, or the ways to violate one that was violated otherwise before; or NULL. */
static char *newly_violated(const TableRow *before, const TableRow *after)
{
	char *broken = only_in(after->invariants, before->invariants);

	return broken || !*before->violated ? broken : only_in(after->violated, before->violated);
}

static char *found(const TableRow *row)
{
	return *row->invariants ? g_strjoinv(";", row->invariants) : g_strdup(row->verdict);
}

static bool ran_through(const TableRow *row)
{
	return row->complete || *row->invariants;
}

/* A pair that did not run through says nothing about what holds. */
static void compare_verdicts(Comparison *comparison, const TableRow *before, const TableRow *after,
			     const char *pair)
{
	g_autofree char *broken = newly_violated(before, after);
	g_autofree char *mended = only_in(before->invariants, after->invariants);
	g_autofree char *was = found(before), *is = found(after);

	if (broken)
		g_ptr_array_add(comparison->violated,
				g_strdup_printf("%s: %s (was %s)", pair, broken, was));
	if (mended && ran_through(after)) {
		g_ptr_array_add(comparison->mended,
				g_strdup_printf("%s of %s", mended, after->scenario));
		g_ptr_array_add(comparison->clean,
				g_strdup_printf("%s: %s no longer violated (now %s)", pair, mended, is));
	} else if (!broken && strcmp(was, is) != 0)
		g_ptr_array_add(comparison->other, g_strdup_printf("%s: %s, was %s", pair, is, was));
	if (broken || strcmp(was, is) != 0)
		return;
	comparison->same++;
	if (*after->invariants && after->as_expected)
		g_ptr_array_add(comparison->kept, g_strdup_printf("%s of %s", is, after->scenario));
}

static void compare_coverage(Comparison *comparison, const TableRow *before,
			     const TableRow *after, const char *pair)
{
	const char *was = before->bound ? before->bound : "no bound";
	const char *is = after->bound ? after->bound : "no bound";

	if (before->complete != after->complete)
		g_ptr_array_add(comparison->coverage,
				g_strdup_printf("%s: %s", pair, after->complete
						? "up, now complete" : "down, no longer complete"));
	if (strcmp(was, is) != 0)
		g_ptr_array_add(comparison->coverage,
				g_strdup_printf("%s: %s, was %s", pair, is, was));
	if (before->executed != after->executed)
		g_ptr_array_add(comparison->coverage,
				g_strdup_printf("%s: %s, %d schedules, were %d", pair,
						after->executed > before->executed ? "up" : "down",
						after->executed, before->executed));
}

Comparison *compare_tables(const Table *before, const Table *after)
{
	Comparison *comparison = g_new0(Comparison, 1);
	bool any_kernel = has_one_kernel(before) && has_one_kernel(after);

	comparison->violated = new_list();
	comparison->mended = new_list();
	comparison->kept = new_list();
	comparison->clean = new_list();
	comparison->other = new_list();
	comparison->coverage = new_list();
	for (guint i = 0; i < after->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(after->rows, i);
		const TableRow *old = find(before, row, any_kernel);
		g_autofree char *pair = g_strdup_printf("%s on %s", row->scenario, row->kernel);

		if (!old) {
			g_ptr_array_add(comparison->coverage, g_strdup_printf("%s: up, is new", pair));
			continue;
		}
		compare_verdicts(comparison, old, row, pair);
		compare_coverage(comparison, old, row, pair);
	}
	for (guint i = 0; i < before->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(before->rows, i);

		if (!find(after, row, any_kernel))
			g_ptr_array_add(comparison->coverage,
					g_strdup_printf("%s on %s: down, was not run",
							row->scenario, row->kernel));
	}
	return comparison;
}

static void add_list(GString *text, const char *title, const GPtrArray *list)
{
	if (!list->len)
		return;
	g_string_append_printf(text, "%s\n", title);
	for (guint i = 0; i < list->len; i++)
		g_string_append_printf(text, "  %s\n", (char *)g_ptr_array_index(list, i));
}

char *comparison_text(const Comparison *comparison)
{
	g_autoptr(GString) text = g_string_new(NULL);

	add_list(text, "newly violated", comparison->violated);
	add_list(text, "newly clean", comparison->clean);
	add_list(text, "other verdicts", comparison->other);
	add_list(text, "coverage", comparison->coverage);
	g_string_append_printf(text, "%d pairs found the same\n", comparison->same);
	return g_string_free(g_steal_pointer(&text), FALSE);
}
