// SPDX-License-Identifier: GPL-2.0-only
/*
 * The run folder: verdict.json, run.json, journal, schedules/, trace/, facts/, console.log;
 * publish.h adds what people read.
 */
#pragma once

#include "schedule/outcome.h"

/* Whether @out is free or a run folder; asked before anything is started. */
bool folder_may_write(const char *out, GError **error);

/* Make it.  What an earlier run left goes, unless it is to be continued: @keep. */
bool folder_make(const char *out, bool keep, GError **error);

/*
 * Nobody else writes there until this process closes what it returns; -1: somebody does.  A lock
 * goes with its process.
 */
int folder_lock(const char *out, GError **error);

/* A path in it; the caller's. */
char *folder_path(const char *out, const char *relative);
bool folder_write(const char *out, const char *relative, const char *text, GError **error);

/* schedules/STEM.sched and trace/STEM.jsonl. */
bool folder_save(const char *out, const char *stem, const Outcome *outcome, GError **error);
