// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/schedule/schedule.c */
/* A schedule that is accepted is written and read back as it was. */
#include "schedule/schedule.h"

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Schedule) schedule = schedule_parse(text, "FILE", &error);

	g_assert_true(!schedule == !!error);
	if (!schedule)
		return 0;
	fuzz_taken();
	g_autofree char *once = schedule_format(schedule);
	g_autoptr(Schedule) back = schedule_parse(once, "FILE", NULL);
	g_assert_nonnull(back);
	g_autofree char *again = schedule_format(back);
	g_assert_cmpstr(once, ==, again);
	g_autoptr(Plan) plan = schedule_plan(back);
	g_assert_cmpint(schedule_switches(back), >=, 0);
	return 0;
}
