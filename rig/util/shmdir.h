// SPDX-License-Identifier: GPL-2.0-only
/*
 * A private folder in memory ($RACERIG_SHM, or /dev/shm) for what QEMU must find by
 * name: sockets, mostly.  Lives for a moment; what a killed rig could not remove, the
 * next one does.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Its path; shmdir_free() removes the folder with all in it. */
char *shmdir_new(GError **error);
void shmdir_free(char *dir);
