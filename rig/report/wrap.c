// SPDX-License-Identifier: GPL-2.0-only
#include "report/wrap.h"

#include <stdbool.h>
#include <string.h>

GPtrArray *wrap_lines(const char *text, int width, int indent)
{
	gsize leading = strspn(text, " ");
	g_auto(GStrv) words = g_strsplit(text + leading, " ", -1);
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	GString *line = g_string_new_len(text, leading);
	bool fresh = true;

	for (char **word = words; *word; word++) {
		if (!fresh && (int)(line->len + 1 + strlen(*word)) > width) {
			g_ptr_array_add(lines, g_string_free(line, FALSE));
			line = g_string_new(NULL);
			g_string_append_printf(line, "%*s", indent, "");
			fresh = true;
		}
		g_string_append_printf(line, "%s%s", fresh ? "" : " ", *word);
		fresh = false;
	}
	g_ptr_array_add(lines, g_string_free(line, FALSE));
	return lines;
}

char *wrap_text(const char *text, int width, int indent)
{
	g_autoptr(GPtrArray) lines = wrap_lines(text, width, indent);
	GString *ret = g_string_new(NULL);

	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(ret, "%s\n", (char *)g_ptr_array_index(lines, i));
	return g_string_free(ret, FALSE);
}
