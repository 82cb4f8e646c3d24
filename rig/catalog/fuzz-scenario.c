// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/catalog/scenario.c rig/util/keyfile.c */
/* A NAME.scenario, and what is expected of a kernel by it. */
#include "catalog/scenario.h"

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool made;

	if (!made) {
		g_autofree char *folder = g_build_filename(fuzz_private(), "scenarios", NULL);

		g_setenv("RACERIG_DATA", fuzz_private(), TRUE);
		g_mkdir(folder, 0700);
		made = true;
	}
	fuzz_write("scenarios/some.scenario", data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = scenario_list(&error);
	g_assert_true(!list == !!error);
	for (guint i = 0; list && i < list->len; i++)
		g_free(scenario_expectation(g_ptr_array_index(list, i), "stock"));
	g_autoptr(Scenario) found = scenario_find("some", NULL), none = scenario_find("other", NULL);
	if (found)
		fuzz_taken();
	g_assert_true(!none && !found == !(list && list->len));
	return 0;
}
