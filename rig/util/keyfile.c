// SPDX-License-Identifier: GPL-2.0-only
#include "util/keyfile.h"

#include "util/error.h"

GKeyFile *keyfile_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autoptr(GError) local = NULL;

	if (g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, &local))
		return g_steal_pointer(&keys);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, local->message);
	return NULL;
}

char *keyfile_string(GKeyFile *keys, const char *path, const char *group,
		     const char *key, GError **error)
{
	g_autofree char *value = g_key_file_get_string(keys, group, key, NULL);

	if (value && *value)
		return g_steal_pointer(&value);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: [%s] needs a line '%s = ...'",
		    path, group, key);
	return NULL;
}

char **keyfile_list(GKeyFile *keys, const char *group, const char *key)
{
	char **list = g_key_file_get_string_list(keys, group, key, NULL, NULL);

	return list ? list : g_new0(char *, 1);
}
