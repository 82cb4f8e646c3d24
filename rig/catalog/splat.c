// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/splat.h"

#include <glib.h>
#include <string.h>

#include "util/paths.h"

/* A rig without its list would call every log clean. */
static char **load(void)
{
	g_autofree char *path = paths_in_data("analysis/helpers/splats.txt");
	g_autoptr(GError) error = NULL;
	char *text;

	if (!g_file_get_contents(path, &text, NULL, &error))
		g_error("%s", error->message);
	char **words = g_strsplit(g_strchomp(text), "\n", -1);
	g_free(text);
	return words;
}

bool splat_opens(const char *line)
{
	static char **words;

	if (!words)
		words = load();
	for (char **word = words; *word; word++)
		if (strstr(line, *word))
			return true;
	return false;
}
