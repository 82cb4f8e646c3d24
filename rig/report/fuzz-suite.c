// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/report/table-json.c */
/* A suite.json that is accepted is shown in every form. */
#include "report/junit.h"
#include "report/ktap.h"
#include "report/markdown.h"
#include "report/table.h"

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *path = g_build_filename(fuzz_private(), "suite.json", NULL);
	g_autoptr(GError) error = NULL;

	fuzz_write("suite.json", data, size);
	g_autoptr(Table) table = table_load(path, &error);
	g_assert_true(!table == !!error);
	g_autoptr(Table) row = table_new();
	table_row_read(table_add(row), path, NULL);
	if (!table)
		return 0;
	fuzz_taken();
	table_sort(table);
	g_autofree char *json = table_json(table), *ktap = ktap_text(table);
	g_autofree char *junit = junit_text(table, true), *markdown = markdown_text(table, NULL);
	table_count(table);
	return 0;
}
