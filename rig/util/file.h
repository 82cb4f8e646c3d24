// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one way to read a file whose contents may be a stranger's: a whole regular file, no bigger
 * than expected.  A FIFO, a device or a folder is an error and never a wait.
 */
#pragma once

#include <glib.h>

/* How its path came about, and so whether a link is followed. */
typedef enum {
	FILE_NAMED,		/* the user named it, or it is ours: it may be a link */
	FILE_FOUND,		/* found in a folder that may be a stranger's: a link is none */
} FileSource;

/* Nothing that the rig writes is as big. */
enum { FILE_MAX_BYTES = 256 << 20 };

/* The regular file at @path, to be read; -1: RIG_ERROR_INPUT names it.  The caller closes it. */
int file_open(const char *path, FileSource source, GError **error);

/*
 * All of the file at @path, at most @max bytes, and a NUL behind it; the caller's.
 * @ret_len may be NULL.  RIG_ERROR_INPUT names @path.
 */
char *file_read(const char *path, FileSource source, gsize max, gsize *ret_len, GError **error);

/* The same as a text: a NUL byte in it is an error, too. */
char *file_read_text(const char *path, FileSource source, gsize max, GError **error);

/*
 * Whether a file that the user named may be written: nothing is at @path, or a regular file.  What
 * is written whole takes the place of what was there, and nobody's /dev/null must go.
 */
gboolean file_replaceable(const char *path, GError **error);

/* All of standard input, which may be a pipe. */
char *file_read_stdin(gsize max, GError **error);
