// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/expect-text.h"

#include <string.h>

#include "catalog/invariant.h"
#include "util/keyfile.h"

bool expect_text_is_verdict(const char *text)
{
	return strcmp(text, "clean") == 0 || strcmp(text, "documented") == 0;
}

bool expect_text_check(const char *path, const char *group, const char *kernel, const char *text,
		       GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, ";", -1);

	bool good = *words != NULL;

	for (char **word = words; *word; word++)
		good &= invariant_exists(*word);
	if (good || expect_text_is_verdict(text))
		return true;
	g_autofree char *shown = name_shown(text);
	keyfile_error(error, path, group, kernel,
		      "'%s': write clean, documented or invariants as in I6;I7", shown);
	return false;
}
