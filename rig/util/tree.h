// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folders with all that is in them, links not followed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * What @path takes on the disk, in bytes.  @seen: inodes that were counted already, so that
 * what has several names counts once; add to it; a set of guint64 pointers.
 */
guint64 tree_size(const char *path, GHashTable *seen);

/* A new set for tree_size(); the caller's. */
GHashTable *tree_seen(void);

/* Remove @path; RIG_ERROR_INPUT names what could not be. */
bool tree_remove(const char *path, GError **error);
