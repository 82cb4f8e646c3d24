// SPDX-License-Identifier: GPL-2.0-only
#include "util/file-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"

struct FileLock {
	char *path;
	int fd;
};

/* Whoever had it before has removed the file: then the lock is on nothing. */
static bool is_there(const FileLock *lock)
{
	struct stat named, opened;

	return fstat(lock->fd, &opened) == 0 && stat(lock->path, &named) == 0 &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

static bool try_lock(FileLock *lock)
{
	lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock->fd < 0)
		return false;
	if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0 && is_there(lock))
		return true;
	close(lock->fd);
	lock->fd = -1;
	errno = EWOULDBLOCK;
	return false;
}

FileLock *file_lock(const char *path, GCancellable *cancel, GError **error)
{
	enum { POLL_USEC = 50000 };
	g_autoptr(FileLock) lock = g_new0(FileLock, 1);
	g_autofree char *folder = g_path_get_dirname(path);

	g_mkdir_with_parents(folder, 0755);
	lock->path = g_strconcat(path, ".lock", NULL);
	while (!try_lock(lock)) {
		if (errno != EWOULDBLOCK) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", lock->path,
				    g_strerror(errno));
			return NULL;
		}
		if (g_cancellable_set_error_if_cancelled(cancel, error))
			return NULL;
		g_usleep(POLL_USEC);
	}
	return g_steal_pointer(&lock);
}

void file_lock_free(FileLock *lock)
{
	if (!lock)
		return;
	if (lock->fd >= 0) {
		g_unlink(lock->path);
		close(lock->fd);
	}
	g_free(lock->path);
	g_free(lock);
}
