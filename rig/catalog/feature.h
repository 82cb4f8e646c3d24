// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a scenario may need and a kernel may lack.
 *
 * A kernel without a line 'has' has everything; a scenario without a line 'needs'
 * runs everywhere.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The words of [@group] @key, or NULL when there is no such line; unknown ones are an error. */
bool feature_words(GKeyFile *keys, const char *path, const char *group, const char *key,
		   char ***ret, GError **error);
