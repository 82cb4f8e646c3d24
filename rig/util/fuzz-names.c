// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/util/name.c */
/* Any text as a name of each kind: what is one leads nowhere, and is shown as it is. */
#include "util/name.h"

#include <string.h>

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *shown = name_shown(text);

	for (const char *c = shown; *c; c++)
		g_assert_true(g_ascii_isprint(*c));
	for (NameKind kind = NAME_SCENARIO; kind <= NAME_FOLDER; kind++) {
		g_autoptr(GError) error = NULL;

		if (!name_check(kind, text, "FILE:1", &error)) {
			g_assert_nonnull(error);
			continue;
		}
		fuzz_taken();
		g_assert_true(*text && *text != '-' && *text != '.' && *text != '/');
		g_assert_null(strstr(text, "/."));
		g_assert_true(kind == NAME_FOLDER || !strchr(text, '/'));
		g_assert_true(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789._-@/") == strlen(text));
	}
	return 0;
}
