// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key files, strictly: what is misspelt is an error and never ignored, and every error is
 * RIG_ERROR_INPUT, names file, line, group and key, and says what is right.
 *
 * GKeyFile keeps no lines: they are looked for when there is an error.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "util/name.h"

/* NULL when the file is missing, is not UTF-8, has a line that is none, or says a thing twice. */
GKeyFile *keyfile_load(const char *path, GError **error);

/* "PATH:LINE: [GROUP] KEY: what"; @key NULL: of the group as a whole. */
void keyfile_error(GError **error, const char *path, const char *group, const char *key,
		   const char *format, ...) G_GNUC_PRINTF(5, 6);

/* No group but @groups, no key in @group but @keys; both NULL-terminated. */
bool keyfile_only_groups(GKeyFile *keys, const char *path, const char *const *groups,
			 GError **error);
bool keyfile_only_keys(GKeyFile *keys, const char *path, const char *group,
		       const char *const *known, GError **error);

/* A string that must be there; the caller frees it. */
char *keyfile_string(GKeyFile *keys, const char *path, const char *group,
		     const char *key, GError **error);

/* A decimal number from @min to @max; *@ret stays what it is when there is no such line. */
bool keyfile_number(GKeyFile *keys, const char *path, const char *group, const char *key,
		    int min, int max, int *ret, GError **error);

/* Different names, separated by ';', at least one; *@ret is NULL when there is no such line. */
bool keyfile_names(GKeyFile *keys, const char *path, const char *group, const char *key,
		   NameKind kind, char ***ret, GError **error);
