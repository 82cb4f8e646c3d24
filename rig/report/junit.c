// SPDX-License-Identifier: GPL-2.0-only
#include "report/junit.h"

#include <string.h>

typedef struct {
	int tests, failures, errors, skipped;
	double seconds;
} Tally;

/* XML 1.0 has no control characters, not even escaped; nor has it broken UTF-8. */
static char *escape(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (char *c = valid; *c; c++)
		if ((guchar)*c < ' ' && !strchr("\n\t", *c))
			*c = ' ';
	return g_markup_escape_text(valid, -1);
}

static void add(Tally *tally, const TableRow *row)
{
	tally->tests++;
	tally->seconds += row->wall_s;
	if (row->skipped)
		tally->skipped++;
	else if (row->error)
		tally->errors++;
	else if (!row->as_expected)
		tally->failures++;
}

static void append_tally(GString *text, const char *element, const char *name, Tally tally,
			 bool times)
{
	g_autofree char *safe = escape(name);

	g_string_append_printf(text, "<%s name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" "
			       "skipped=\"%d\"", element, safe, tally.tests, tally.failures,
			       tally.errors, tally.skipped);
	if (times)
		g_string_append_printf(text, " time=\"%.3f\"", tally.seconds);
	g_string_append(text, ">\n");
}

static void append_row(GString *text, const TableRow *row, bool times)
{
	g_autofree char *scenario = escape(row->scenario), *kernel = escape(row->kernel);
	g_autofree char *reason = table_reason(row);
	g_autofree char *safe = escape(reason);
	g_autofree char *log = escape(row->log ? row->log : "");

	g_string_append_printf(text, "    <testcase name=\"%s\" classname=\"%s\"", scenario, kernel);
	if (times)
		g_string_append_printf(text, " time=\"%.3f\"", row->wall_s);
	if (row->as_expected && !row->skipped) {
		g_string_append(text, "/>\n");
		return;
	}
	if (row->skipped)
		g_string_append_printf(text, ">\n      <skipped message=\"%s\"/>\n", safe);
	else if (row->error)
		g_string_append_printf(text, ">\n      <error type=\"rig\" message=\"%s\"/>\n", safe);
	else
		g_string_append_printf(text, ">\n      <failure type=\"%s\" message=\"%s\">%s</failure>\n",
				       row->verdict, safe, log);
	g_string_append(text, "    </testcase>\n");
}

char *junit_text(const Table *table, bool times)
{
	g_autoptr(GString) text = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	Tally all = { 0 };

	for (guint i = 0; i < table->rows->len; i++)
		add(&all, g_ptr_array_index(table->rows, i));
	append_tally(text, "testsuites", "racerig", all, times);
	for (guint i = 0, end; i < table->rows->len; i = end) {
		const TableRow *first = g_ptr_array_index(table->rows, i);
		Tally tally = { 0 };

		for (end = i; end < table->rows->len; end++) {
			const TableRow *row = g_ptr_array_index(table->rows, end);
			if (strcmp(row->kernel, first->kernel) != 0)
				break;
			add(&tally, row);
		}
		g_string_append(text, "  ");
		append_tally(text, "testsuite", first->kernel, tally, times);
		for (guint k = i; k < end; k++)
			append_row(text, g_ptr_array_index(table->rows, k), times);
		g_string_append(text, "  </testsuite>\n");
	}
	g_string_append(text, "</testsuites>\n");
	return g_string_free(g_steal_pointer(&text), FALSE);
}
