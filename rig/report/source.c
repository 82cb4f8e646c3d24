// SPDX-License-Identifier: GPL-2.0-only
#include "report/source.h"

#include <stdlib.h>
#include <string.h>

#include "util/file.h"
#include "util/json.h"

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

/* @file in @root; NULL: it would be elsewhere.  The caller's. */
static char *path_below(const char *root, const char *file)
{
	g_autofree char *top = g_canonicalize_filename(root, NULL);
	g_autofree char *path = g_build_filename(top, file, NULL);
	g_autofree char *straight = g_canonicalize_filename(path, NULL);
	g_autofree char *prefix = g_strconcat(top, "/", NULL);

	return g_str_has_prefix(straight, prefix) ? g_steal_pointer(&straight) : NULL;
}

static char *read_file(const char *file, char **roots, const char *module)
{
	if (g_str_has_prefix(file, "racerig/"))
		return read_file(file + strlen("racerig/"), (char *[]){ (char *)module, NULL }, NULL);
	for (; *roots; roots++) {
		g_autofree char *path = path_below(*roots, file);
		/* Packages of sources are full of links; path_below() has said where it may be. */
		char *text = path ? file_read(path, FILE_NAMED, FILE_MAX_BYTES, NULL, NULL) : NULL;

		if (text)
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
	Json files = { text->files, "sources.json" }, there;
	if (!json_object(&files, file, &there, NULL)) {
		json_object_set_object_member(text->files, file, json_object_new());
		json_object(&files, file, &there, NULL);
	}
	lines = there.object;
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

	Json files = { text->files, "sources.json" }, lines;
	const char *ret = NULL;

	return json_object(&files, file, &lines, NULL) && json_string(&lines, key, &ret, NULL) ? ret
												 : NULL;
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
	g_autoptr(JsonObject) object = json_parse(json, strlen(json), "sources.json", NULL);
	Json root = { object, "sources.json" }, files;

	if (!object || !json_object(&root, "files", &files, NULL))
		return NULL;
	SourceText *text = g_new0(SourceText, 1);
	text->files = json_object_ref(files.object);
	return text;
}
