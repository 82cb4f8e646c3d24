// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages of its RAM QEMU has written: the host kernel keeps count (userfaultfd(2), asynchronous
 * write protection; ioctl PAGEMAP_SCAN; Linux 6.7).
 *
 * A userfaultfd is of the process that opens it, so QEMU is made to open one: it is stopped
 * (ptrace(2)) in the middle of the wait that it is in, does that one system call, and goes on
 * waiting.  What others write into the same memory, as the rig does, is not seen here.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct Track Track;

enum { TRACK_PAGE = 4096 };

/*
 * Of the one mapping of @ram_fd, which has @bytes, in the child @pid.  NULL: this host does not
 * let us, for the reason that is logged, or RACERIG_TRACK=off; nothing has changed then.
 */
Track *track_new(pid_t pid, int ram_fd, gsize bytes);
void track_free(Track *track);

/*
 * Call @func with each page, by number, that was written since the last call, or ever.  False:
 * the host does not say any more, and never will again.
 */
typedef void (*TrackFunc)(gsize page, gpointer data);
bool track_take(Track *track, TrackFunc func, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Track, track_free)
