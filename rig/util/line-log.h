// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines that outlive whoever writes them: what a killed run goes on from.
 *
 * The first line says what the others are about.  Each is written whole; one that a kill cut short is
 * left out when the file is read, and overwritten when it is continued.  RIG_ERROR_INPUT names the
 * file.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct LineLog LineLog;

/* Line @number, from 1, which begins at byte @at; false sets @error and ends the reading. */
typedef bool (*LineLogFunc)(const GString *line, guint number, off_t at, gpointer data, GError **error);

/* A new file, with its first line. */
LineLog *line_log_new(const char *path, const char *first, GError **error);

/* The file that is there: @func has seen all its whole lines. */
LineLog *line_log_load(const char *path, LineLogFunc func, gpointer data, GError **error);
void line_log_free(LineLog *log);

/* From here on lines are added to a file that was loaded, behind its last whole one. */
bool line_log_continue(LineLog *log, GError **error);

/* One more line, on the disk's way when this returns. */
bool line_log_add(LineLog *log, const char *line, GError **error);

/* @len bytes from @at of a file that was loaded, the caller's; NULL: they are no text, or gone. */
char *line_log_text(const LineLog *log, off_t at, gsize len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LineLog, line_log_free)
