// SPDX-License-Identifier: GPL-2.0-only
#include "report/ktap.h"

#include <string.h>

/* How many rows from @from on are of the same kernel. */
static guint rows_of_kernel(const Table *table, guint from)
{
	const TableRow *first = g_ptr_array_index(table->rows, from);
	guint n = 0;

	while (from + n < table->rows->len &&
	       strcmp(((TableRow *)g_ptr_array_index(table->rows, from + n))->kernel,
		      first->kernel) == 0)
		n++;
	return n;
}

/* A '#' would begin a directive, a line break a line. */
static char *harmless(const char *text)
{
	return g_strdelimit(g_strdup(text), "#\n\r", ' ');
}

static void add_row(GString *text, const TableRow *row, guint number)
{
	bool ok = row->as_expected || row->skipped;
	g_autofree char *reason = table_reason(row);
	g_autofree char *safe = harmless(reason);

	if (!ok) {
		g_string_append_printf(text, "    # %s: %s\n", row->scenario, safe);
		if (row->schedule)
			g_string_append_printf(text, "    # %s: replay %s/%s\n", row->scenario,
					       row->folder, row->schedule);
	}
	g_string_append_printf(text, "    %sok %u %s", ok ? "" : "not ", number, row->scenario);
	if (row->skipped)
		g_string_append_printf(text, " # SKIP %s", safe);
	g_string_append_c(text, '\n');
}

char *ktap_text(const Table *table)
{
	g_autoptr(GString) text = g_string_new("KTAP version 1\n");
	g_autoptr(GString) body = g_string_new(NULL);
	guint kernels = 0, n;

	for (guint i = 0; i < table->rows->len; i += n) {
		const TableRow *first = g_ptr_array_index(table->rows, i);
		bool ok = true, skipped = true;

		n = rows_of_kernel(table, i);
		g_string_append_printf(body, "    KTAP version 1\n    # Subtest: %s\n    1..%u\n",
				       first->kernel, n);
		for (guint k = 0; k < n; k++) {
			const TableRow *row = g_ptr_array_index(table->rows, i + k);

			add_row(body, row, k + 1);
			ok &= row->as_expected || row->skipped;
			skipped &= row->skipped != NULL;
		}
		g_string_append_printf(body, "%sok %u %s%s\n", ok ? "" : "not ", ++kernels,
				       first->kernel, skipped ? " # SKIP every scenario" : "");
	}
	g_string_append_printf(text, "1..%u\n%s", kernels, body->str);
	return g_string_free(g_steal_pointer(&text), FALSE);
}
