// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/suite/manifest.c */
/* Any text as a pack's manifest: what is taken leads nowhere else, and is written as it was read. */
#include "suite/manifest.h"

#include <string.h>

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = manifest_parse((const char *)data, size, "FILE", &error);

	if (!manifest) {
		g_assert_nonnull(error);
		return 0;
	}
	fuzz_taken();
	for (guint i = 0; i < manifest->files->len; i++) {
		const PackFile *file = g_ptr_array_index(manifest->files, i);

		g_assert_null(strstr(file->path, "/."));
		g_assert_true(*file->path != '/' && *file->path != '.');
		g_assert_null(strpbrk(file->path, " \t\n\\'\"$;&|<>()*?[]"));
	}
	g_autofree char *text = manifest_json(manifest);
	g_autoptr(Manifest) again = manifest_parse(text, strlen(text), "FILE", &error);
	g_assert_no_error(error);
	g_autofree char *same = manifest_json(again);
	g_assert_cmpstr(text, ==, same);
	return 0;
}
