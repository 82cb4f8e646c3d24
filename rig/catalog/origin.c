// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/origin.h"

#include <stddef.h>
#include <string.h>

#include "util/json.h"

#define MEMBER(name, title) { #name, title, offsetof(Origin, name) }

const OriginMember origin_members[] = {
	MEMBER(compiler, "compiler"), MEMBER(linker, "linker"), MEMBER(pahole, "pahole"),
	MEMBER(make, "make"), MEMBER(fragments, "config of"), MEMBER(tree, "tree"),
	MEMBER(tree_sha256, "tree sha256"), MEMBER(commit, "commit"), { 0 },
};

/* The value of CONFIG_@name without quotes, or NULL. */
static char *config_value(char **lines, const char *name)
{
	g_autofree char *start = g_strdup_printf("CONFIG_%s=", name);

	for (; *lines; lines++) {
		if (!g_str_has_prefix(*lines, start))
			continue;
		const char *value = *lines + strlen(start);
		gsize length = strlen(value);

		if (length > 1 && value[0] == '"' && value[length - 1] == '"')
			return g_strndup(value + 1, length - 2);
		return g_strdup(value);
	}
	return NULL;
}

/* kbuild writes 2.40 as 24000, 16.0.6 as 160006, and 0 for the linker that it is not. */
static guint64 config_number(char **lines, const char *name)
{
	g_autofree char *value = config_value(lines, name);
	guint64 number = 0;

	return value && g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &number, NULL) ? number : 0;
}

static char *linker_of(char **lines)
{
	guint64 ld = config_number(lines, "LD_VERSION"), lld = config_number(lines, "LLD_VERSION");

	if (lld)
		return g_strdup_printf("LLD %d.%d.%d", (int)(lld / 10000), (int)(lld / 100 % 100),
				       (int)(lld % 100));
	if (ld)
		return g_strdup_printf("GNU ld %d.%d", (int)(ld / 10000), (int)(ld / 100 % 100));
	return g_strdup("");
}

/* 124 is 1.24. */
static char *pahole_of(char **lines)
{
	guint64 version = config_number(lines, "PAHOLE_VERSION");

	return version ? g_strdup_printf("%d.%d", (int)(version / 100), (int)(version % 100))
		       : g_strdup("");
}

static bool read_json(const char *dir, Origin *origin, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "origin.json", NULL);

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	g_autoptr(JsonObject) object = json_load(path, FILE_NAMED, error);
	Json json = { object, path };

	if (!object)
		return false;
	for (const OriginMember *member = origin_members; member->name; member++) {
		char **string = &ORIGIN_STRING(origin, member);
		const char *text = NULL;

		if (*string)
			continue;
		if (!json_maybe_string(&json, member->name, &text, error))
			return false;
		*string = g_strdup(text ? text : "");
	}
	return true;
}

bool origin_read(const char *dir, const char *compiler, Origin *ret, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "config", NULL), *text = NULL;
	Origin origin = { 0 };

	if (!g_file_get_contents(path, &text, NULL, error))
		return false;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	origin.compiler = config_value(lines, "CC_VERSION_TEXT");
	if (!origin.compiler)
		origin.compiler = g_strdup(compiler);
	origin.linker = linker_of(lines);
	origin.pahole = pahole_of(lines);
	if (!read_json(dir, &origin, error)) {
		origin_deinit(&origin);
		return false;
	}
	origin_copy(&origin, ret);
	origin_deinit(&origin);
	return true;
}

void origin_copy(const Origin *origin, Origin *ret)
{
	for (const OriginMember *member = origin_members; member->name; member++) {
		const char *text = ORIGIN_STRING(origin, member);

		ORIGIN_STRING(ret, member) = g_strdup(text ? text : "");
	}
}

void origin_deinit(Origin *origin)
{
	for (const OriginMember *member = origin_members; member->name; member++)
		g_clear_pointer(&ORIGIN_STRING(origin, member), g_free);
}
