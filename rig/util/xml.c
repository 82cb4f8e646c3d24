// SPDX-License-Identifier: GPL-2.0-only
#include "util/xml.h"

#include <string.h>

typedef struct {
	const char *path;
	GString *at;		/* where the parser is, as a path */
	GPtrArray *texts;
} Search;

static void start(GMarkupParseContext *context, const char *name, const char **names,
		  const char **values, gpointer data, GError **error)
{
	Search *search = data;

	(void)context, (void)names, (void)values, (void)error;
	g_string_append_printf(search->at, "/%s", name);
}

static void end(GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
	Search *search = data;

	(void)context, (void)error;
	g_string_truncate(search->at, search->at->len - strlen(name) - 1);
}

static void text(GMarkupParseContext *context, const char *words, gsize len, gpointer data,
		 GError **error)
{
	Search *search = data;

	(void)context, (void)error;
	if (strcmp(search->at->str, search->path) == 0)
		g_ptr_array_add(search->texts, g_strndup(words, len));
}

GPtrArray *xml_texts(const char *xml, const char *path)
{
	static const GMarkupParser parser = {
		.start_element = start, .end_element = end, .text = text,
	};
	g_autoptr(GString) at = g_string_new(NULL);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	Search search = { path, at, texts };
	g_autoptr(GMarkupParseContext) context =
		g_markup_parse_context_new(&parser, G_MARKUP_DEFAULT_FLAGS, &search, NULL);

	return g_markup_parse_context_parse(context, xml, -1, NULL) &&
	       g_markup_parse_context_end_parse(context, NULL) ? g_steal_pointer(&texts) : NULL;
}
