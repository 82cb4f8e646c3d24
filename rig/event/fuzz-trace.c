// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/event/record-json.c */
/* A trace that is accepted is written and read back as it was. */
#include "event/record.h"

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Record) record = record_parse(text, "FILE", &error);

	g_assert_true(!record == !!error);
	if (!record)
		return 0;
	fuzz_taken();
	g_autofree char *once = record_json(record);
	g_autoptr(Record) back = record_parse(once, "FILE", NULL);
	g_assert_nonnull(back);
	g_autofree char *again = record_json(back);
	g_assert_cmpstr(once, ==, again);
	return 0;
}
