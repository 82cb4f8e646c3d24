// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/report/stored.c */
/* A verdict.json, alone in its run folder: refused, or on a page. */
#include "report/run-data.h"
#include "report/evidence.h"
#include "report/html.h"
#include "report/stored.h"
#include "report/table.h"

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *folder = fuzz_private();
	g_autofree char *schedules = g_build_filename(folder, "schedules", NULL);
	g_autofree char *path = g_build_filename(folder, "verdict.json", NULL);
	g_autoptr(GError) error = NULL;
	TableRow *row;

	g_mkdir(schedules, 0700);
	fuzz_write("verdict.json", data, size);
	JsonObject *facts = stored_facts(path, NULL);
	g_autoptr(Table) table = table_new();
	row = table_add(table);
	table_row_read(row, path, NULL);
	g_autoptr(RunData) run = run_data_load(folder, NULL, &error);
	g_assert_true(!run == !!error);
	g_clear_pointer(&facts, json_object_unref);
	if (!run)
		return 0;
	fuzz_taken();
	g_autofree char *evidence = evidence_text(run);
	g_autofree char *page = html_run(run);
	return 0;
}
