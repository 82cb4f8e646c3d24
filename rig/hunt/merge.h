// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shards of a hunt, made into the hunt that they are parts of.  No guest is needed, and the
 * folders are a stranger's.
 */
#pragma once

#include "hunt/hunt.h"

/* Whether @dir is what a hunt has left. */
bool hunt_is_in(const char *dir);

/*
 * The whole of @dirs, NULL-terminated.  What does not belong together or is there twice is RIG_ERROR_INPUT;
 * what is missing is not begun, and *@ret_missing names those shards, a line each, or is NULL; the caller's.
 */
Hunt *hunt_merge(const char *const *dirs, char **ret_missing, GError **error);

/* The journal of the whole, in folder @out. */
bool hunt_write_journal(const Hunt *hunt, const char *out, GError **error);
