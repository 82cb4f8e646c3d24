// SPDX-License-Identifier: GPL-2.0-only
/*
 * A private folder in memory ($RACERIG_SHM, or /dev/shm) for what QEMU must find by
 * name: sockets, mostly.  Lives for a moment; what a killed rig could not remove, the
 * next one does.
 *
 * Whoever uses one holds a lock on it, which ends with the process however it ends: a
 * process id means nothing to somebody in another container.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct ShmDir ShmDir;

ShmDir *shmdir_new(GError **error);

/* Removes the folder with all in it. */
void shmdir_free(ShmDir *dir);

const char *shmdir_path(const ShmDir *dir);

/*
 * Whether a file of @bytes in the folder @path could be filled now.  Files in memory grow as they are
 * written, and who writes where there is no room is killed (SIGBUS).
 */
bool shmdir_has_room(const char *path, guint64 bytes, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ShmDir, shmdir_free)
