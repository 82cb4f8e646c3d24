// SPDX-License-Identifier: GPL-2.0-only
#include "report/source.h"

#include <stdlib.h>
#include <string.h>

struct SourceText {
	JsonObject *files;
};

SourceText *source_text_new(void)
{
	SourceText *text = g_new0(SourceText, 1);

	text->files = json_object_new();
	return text;
}

void source_text_free(SourceText *text)
{
	if (!text)
		return;
	json_object_unref(text->files);
	g_free(text);
}

/* "kernel/bpf/arena.c:245" into both halves; 0: it has no number. */
static int split(const char *line, char **ret_file)
{
	const char *colon = strrchr(line, ':');

	*ret_file = colon ? g_strndup(line, colon - line) : g_strdup(line);
	return colon ? atoi(colon + 1) : 0;
}

static char *read_file(const char *file, char **roots, const char *module)
{
	if (g_str_has_prefix(file, "racerig/"))
		return read_file(file + strlen("racerig/"), (char *[]){ (char *)module, NULL }, NULL);
	for (; *roots; roots++) {
		g_autofree char *path = g_build_filename(*roots, file, NULL);
		char *text;

		if (g_file_get_contents(path, &text, NULL, NULL))
			return text;
	}
	return NULL;
}

void source_text_add(SourceText *text, const char *line, char **roots, const char *module)
{
	g_autofree char *file = NULL;
	int number = split(line, &file);
	g_autofree char *contents = number ? read_file(file, roots, module) : NULL;
	JsonObject *lines;

	if (!contents)
		return;
	if (!json_object_has_member(text->files, file))
		json_object_set_object_member(text->files, file, json_object_new());
	lines = json_object_get_object_member(text->files, file);
	g_auto(GStrv) all = g_strsplit(contents, "\n", -1);
	int n = g_strv_length(all);
	for (int i = MAX(number - SOURCE_AROUND, 1); i <= MIN(number + SOURCE_AROUND, n); i++) {
		g_autofree char *key = g_strdup_printf("%d", i);
		g_autofree char *valid = g_utf8_make_valid(all[i - 1], -1);

		json_object_set_string_member(lines, key, valid);
	}
}

const char *source_text_line(const SourceText *text, const char *line, int by)
{
	g_autofree char *file = NULL;
	g_autofree char *key = g_strdup_printf("%d", split(line, &file) + by);

	if (!json_object_has_member(text->files, file))
		return NULL;
	return json_object_get_string_member_with_default(
		json_object_get_object_member(text->files, file), key, NULL);
}

char *source_text_json(const SourceText *text)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	g_autoptr(JsonObject) object = json_object_new();

	json_object_set_int_member(object, "racerig-sources", 1);
	json_object_set_object_member(object, "files", json_object_ref(text->files));
	json_node_set_object(node, object);
	g_autofree char *json = json_to_string(node, TRUE);
	return g_strconcat(json, "\n", NULL);
}

SourceText *source_text_parse(const char *json)
{
	g_autoptr(JsonParser) parser = json_parser_new();

	if (!json_parser_load_from_data(parser, json, -1, NULL) ||
	    !JSON_NODE_HOLDS_OBJECT(json_parser_get_root(parser)))
		return NULL;
	JsonObject *object = json_node_get_object(json_parser_get_root(parser));
	JsonNode *files = json_object_get_member(object, "files");
	if (!files || !JSON_NODE_HOLDS_OBJECT(files))
		return NULL;
	SourceText *text = g_new0(SourceText, 1);
	text->files = json_object_ref(json_node_get_object(files));
	return text;
}
