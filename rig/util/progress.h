// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far something is, on stderr: on a terminal a line that changes, elsewhere a line a minute.
 *
 * The clock decides when something is shown, and nothing else.
 */
#pragma once

#include <glib.h>

typedef struct {
	gint64 shown;		/* microseconds, monotonic: when the last line was, or it began */
} Progress;

Progress progress_begin(void);

/* Whether a line is wanted now: then show one. */
gboolean progress_due(Progress *progress);
void progress_show(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Takes away what is on a terminal. */
void progress_end(void);
