// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process at a time makes what is to be at a path.  The lock is PATH.lock, which goes with it;
 * one that was killed leaves the file and no lock.
 */
#pragma once

#include <gio/gio.h>

typedef struct FileLock FileLock;

/* Waits for whoever has it. */
FileLock *file_lock(const char *path, GCancellable *cancel, GError **error);
void file_lock_free(FileLock *lock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(FileLock, file_lock_free)
