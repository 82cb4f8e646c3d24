// SPDX-License-Identifier: GPL-2.0-only
#include "report/html.h"

#include <gio/gio.h>

#include "config.h"

void html_add(GString *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *text = g_markup_vprintf_escaped(format, args);
	va_end(args);
	g_string_append(page, text);
}

void html_add_text(GString *page, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (char *c = valid; *c; c++)
		if ((guchar)*c < ' ' && *c != '\n' && *c != '\t')
			*c = ' ';
	html_add(page, "%s", valid);
}

static void add_resource(GString *page, const char *name)
{
	g_autofree char *path = g_strconcat("/racerig/", name, NULL);
	g_autoptr(GBytes) bytes = g_resources_lookup_data(path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

	g_assert(bytes);
	g_string_append_len(page, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

void html_begin(GString *page, const char *title)
{
	html_add(page,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n"
		 "<meta name=\"generator\" content=\"racerig %s\">\n<title>%s</title>\n<style>\n",
		 RACERIG_VERSION, title);
	add_resource(page, "report.css");
	g_string_append(page, "</style>\n</head>\n<body>\n"
			      "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n");
}

void html_end(GString *page)
{
	html_add(page, "<footer><p>racerig %s. Sequential consistency, one instruction at a time, as "
		       "TCG runs it.</p></footer>\n<script>\n", RACERIG_VERSION);
	add_resource(page, "report.js");
	g_string_append(page, "</script>\n</body>\n</html>\n");
}
