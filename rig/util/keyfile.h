// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key files with errors that name the file, the group and the key.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* NULL and RIG_ERROR_INPUT when the file is missing or malformed. */
GKeyFile *keyfile_load(const char *path, GError **error);

/* A string that must be there; the caller frees it. */
char *keyfile_string(GKeyFile *keys, const char *path, const char *group,
		     const char *key, GError **error);

/* A list that may be missing (then empty); never NULL. */
char **keyfile_list(GKeyFile *keys, const char *group, const char *key);
