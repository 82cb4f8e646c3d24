// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SHA-256 of files; and that of one in the cache, in FILE.sha256 beside it: what was cut off
 * or damaged there must not pass for what was put there.  One that an older version wrote has none:
 * SUM_UNKNOWN.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { SUM_WHOLE, SUM_UNKNOWN, SUM_MISSING, SUM_DAMAGED } SumState;

/* The SHA-256 of the file at @path, the caller's; its length in *@ret_size, which may be NULL. */
char *sum_of_file(const char *path, guint64 *ret_size, GError **error);

/* That of the program that runs; NULL: its file cannot be read. */
const char *sum_of_program(void);

/* Write @len bytes at @data to @path, with their sum; each is there whole or not at all. */
bool sum_write(const char *path, const void *data, gsize len, GError **error);

/* What is at @path; *@ret_sum is its sum, the caller's; NULL where it is missing. */
SumState sum_check(const char *path, char **ret_sum);

/* Remove both. */
void sum_remove(const char *path);
