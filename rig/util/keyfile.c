// SPDX-License-Identifier: GPL-2.0-only
#include "util/keyfile.h"

#include <string.h>

#include "util/error.h"
#include "util/file.h"

enum { MAX_BYTES = 1 << 20 };

/* What a line is, and what is in it. */
typedef struct {
	enum { LINE_NOTHING, LINE_GROUP, LINE_KEY, LINE_BAD } kind;
	char *text;		/* the group or the key */
} Line;

static Line read_line(const char *text)
{
	g_autofree char *line = g_strstrip(g_strdup(text));
	gsize len = strlen(line);
	const char *equals = strchr(line, '=');

	if (!*line || *line == '#')
		return (Line){ LINE_NOTHING, NULL };
	if (*line == '[')
		return line[len - 1] == ']' ? (Line){ LINE_GROUP, g_strndup(line + 1, len - 2) }
					    : (Line){ LINE_BAD, NULL };
	if (!equals || equals == line)
		return (Line){ LINE_BAD, NULL };
	return (Line){ LINE_KEY, g_strchomp(g_strndup(line, equals - line)) };
}

static bool bad_line(const char *path, int line, const char *what, const char *text, GError **error)
{
	g_autofree char *shown = name_shown(text);

	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s:%d: %s: '%s'", path, line, what, shown);
	return false;
}

/* What GKeyFile takes in silence, or refuses without a line. */
static bool check_lines(const char *path, const char *text, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *group = NULL;

	for (int i = 0; lines[i]; i++) {
		Line line = read_line(lines[i]);
		g_autofree char *name = line.text;

		if (line.kind == LINE_BAD || (line.kind == LINE_KEY && !group))
			return bad_line(path, i + 1, "neither '[GROUP]' nor 'KEY = VALUE' in a group",
					lines[i], error);
		if (line.kind == LINE_NOTHING)
			continue;
		g_autofree char *key = line.kind == LINE_GROUP
			? g_strdup_printf("[%s]", name) : g_strdup_printf("[%s] %s", group, name);
		if (!g_hash_table_add(seen, g_strdup(key)))
			return bad_line(path, i + 1, "there is a second one", key, error);
		if (line.kind == LINE_GROUP) {
			g_free(group);
			group = g_steal_pointer(&name);
		}
	}
	return true;
}

GKeyFile *keyfile_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autoptr(GError) local = NULL;
	gsize len;
	g_autofree char *text = file_read(path, FILE_NAMED, MAX_BYTES, &len, error);

	if (!text)
		return NULL;
	if (!g_utf8_validate(text, len, NULL)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: not a text in UTF-8", path);
		return NULL;
	}
	if (!check_lines(path, text, error))
		return NULL;
	if (g_key_file_load_from_data(keys, text, len, G_KEY_FILE_NONE, &local))
		return g_steal_pointer(&keys);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, local->message);
	return NULL;
}

/* Of the key, or of the group where that has no such key; 0: of neither. */
static int find_line(const char *path, const char *group, const char *key)
{
	g_autofree char *text = file_read(path, FILE_NAMED, MAX_BYTES, NULL, NULL);
	bool here = false;
	int of_group = 0;

	if (!text)
		return 0;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (int i = 0; lines[i]; i++) {
		Line line = read_line(lines[i]);
		g_autofree char *name = line.text;

		if (line.kind == LINE_GROUP && (here = strcmp(name, group) == 0))
			of_group = i + 1;
		else if (line.kind == LINE_KEY && here && key && strcmp(name, key) == 0)
			return i + 1;
	}
	return of_group;
}

void keyfile_error(GError **error, const char *path, const char *group, const char *key,
		   const char *format, ...)
{
	int line = find_line(path, group, key);
	g_autofree char *where = line ? g_strdup_printf("%s:%d", path, line) : g_strdup(path);
	va_list args;

	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: [%s]%s%s: %s", where, group, key ? " " : "",
		    key ? key : "", what);
}

bool keyfile_only_groups(GKeyFile *keys, const char *path, const char *const *groups,
			 GError **error)
{
	g_auto(GStrv) there = g_key_file_get_groups(keys, NULL);

	for (char **group = there; *group; group++) {
		if (g_strv_contains(groups, *group))
			continue;
		g_autofree char *all = g_strjoinv("] [", (char **)groups);
		keyfile_error(error, path, *group, NULL, "no such group (there may be: [%s])", all);
		return false;
	}
	return true;
}

bool keyfile_only_keys(GKeyFile *keys, const char *path, const char *group,
		       const char *const *known, GError **error)
{
	g_auto(GStrv) there = g_key_file_get_keys(keys, group, NULL, NULL);

	for (char **key = there; key && *key; key++) {
		if (g_strv_contains(known, *key))
			continue;
		g_autofree char *all = g_strjoinv(" ", (char **)known);
		keyfile_error(error, path, group, *key, "no such key (there are: %s)", all);
		return false;
	}
	return true;
}

char *keyfile_string(GKeyFile *keys, const char *path, const char *group,
		     const char *key, GError **error)
{
	g_autofree char *value = g_key_file_get_string(keys, group, key, NULL);

	if (value && *value)
		return g_steal_pointer(&value);
	keyfile_error(error, path, group, NULL, "needs a line '%s = ...'", key);
	return NULL;
}

bool keyfile_number(GKeyFile *keys, const char *path, const char *group, const char *key,
		    int min, int max, int *ret, GError **error)
{
	g_autofree char *text = g_key_file_get_string(keys, group, key, NULL);
	gint64 value;

	if (!text)
		return true;
	if (g_ascii_isdigit(*text) && g_ascii_string_to_signed(text, 10, min, max, &value, NULL)) {
		*ret = value;
		return true;
	}
	g_autofree char *shown = name_shown(text);
	keyfile_error(error, path, group, key, "'%s' is no number from %d to %d", shown, min, max);
	return false;
}

bool keyfile_names(GKeyFile *keys, const char *path, const char *group, const char *key,
		   NameKind kind, char ***ret, GError **error)
{
	g_auto(GStrv) names = g_key_file_get_string_list(keys, group, key, NULL, NULL);

	if (names && !*names) {
		keyfile_error(error, path, group, key, "is empty; leave the line out");
		return false;
	}
	for (char **name = names; name && *name; name++) {
		g_autoptr(GError) local = NULL;

		if (!name_check(kind, *name, NULL, &local)) {
			keyfile_error(error, path, group, key, "%s", local->message);
			return false;
		}
		for (char **other = names; other < name; other++) {
			if (strcmp(*other, *name) != 0)
				continue;
			keyfile_error(error, path, group, key, "'%s' is there twice", *name);
			return false;
		}
	}
	*ret = g_steal_pointer(&names);
	return true;
}
