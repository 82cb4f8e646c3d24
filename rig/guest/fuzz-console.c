// SPDX-License-Identifier: GPL-2.0-only
/* The end of any console is one line of what can be printed. */
#include "guest/guest-report.h"

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *console = g_strndup((const char *)data, size);
	g_autofree char *end = guest_console_end(console);

	if (*end)
		fuzz_taken();
	for (const char *c = end; *c; c++)
		g_assert_true(g_ascii_isprint(*c));
	return 0;
}
