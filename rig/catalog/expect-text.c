// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/expect-text.h"

#include <string.h>

#include "catalog/invariant.h"
#include "util/keyfile.h"

bool expect_text_is_verdict(const char *text)
{
	return strcmp(text, "clean") == 0 || strcmp(text, "documented") == 0;
}

bool expect_text_covers(const char *word, const char *violated)
{
	gsize len = strlen(word);

	return strncmp(word, violated, len) == 0 && (violated[len] == '\0' || violated[len] == '/');
}

bool expect_text_any_covers(char **words, const char *violated)
{
	while (*words && !expect_text_covers(*words, violated))
		words++;
	return *words != NULL;
}

/* "I6", or "I6/freed-still-held". */
static bool is_violation(const char *word)
{
	g_auto(GStrv) parts = g_strsplit(word, "/", 2);

	return *parts && (parts[1] ? invariant_reason(parts[0], parts[1]) != NULL
				   : invariant_exists(parts[0]));
}

bool expect_text_check(const char *path, const char *group, const char *kernel, const char *text,
		       GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, ";", -1);

	bool good = *words != NULL;

	for (char **word = words; *word; word++)
		good &= is_violation(*word);
	if (good || expect_text_is_verdict(text))
		return true;
	g_autofree char *shown = name_shown(text);
	keyfile_error(error, path, group, kernel,
		      "'%s': write clean, documented or invariants as in I6;I7, or I6/REASON for one way "
		      "to violate it", shown);
	return false;
}
