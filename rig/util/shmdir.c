// SPDX-License-Identifier: GPL-2.0-only
#include "util/shmdir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "util/error.h"

static const char PREFIX[] = "racerig-shm-";

struct ShmDir {
	char *path;
	int fd;			/* of the folder; locked */
};

/* A folder of ours that is still at @path, locked by us; -1: it is not, or somebody else's. */
static int lock(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat named, opened;

	if (fd < 0)
		return -1;
	if (fstat(fd, &opened) == 0 && opened.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    lstat(path, &named) == 0 && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
		return fd;
	close(fd);
	return -1;
}

/* All in the folder, and itself; closes @fd. */
static void empty(const char *path, int fd)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		unlinkat(fd, name, 0);
	rmdir(path);
	close(fd);
}

void shmdir_free(ShmDir *dir)
{
	if (!dir)
		return;
	if (dir->fd >= 0)
		empty(dir->path, dir->fd);
	g_free(dir->path);
	g_free(dir);
}

const char *shmdir_path(const ShmDir *dir)
{
	return dir->path;
}

/* The folders whose user is no more. */
static void sweep(const char *base)
{
	g_autoptr(GDir) dir = g_dir_open(base, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(base, name, NULL);
		int fd = g_str_has_prefix(name, PREFIX) ? lock(path) : -1;

		if (fd >= 0)
			empty(path, fd);
	}
}

ShmDir *shmdir_new(GError **error)
{
	enum { TRIES = 100 };
	const char *env = g_getenv("RACERIG_SHM");
	const char *base = env ? env : "/dev/shm";
	g_autoptr(ShmDir) dir = g_new0(ShmDir, 1);

	dir->fd = -1;
	errno = 0;
	if (g_path_is_absolute(base))
		sweep(base);
	/* Until it is locked another rig may take it for left behind. */
	for (int i = 0; i < TRIES && g_path_is_absolute(base) && dir->fd < 0; i++) {
		g_free(dir->path);
		dir->path = g_strdup_printf("%s/%sXXXXXX", base, PREFIX);
		if (!g_mkdtemp(dir->path))
			break;
		dir->fd = lock(dir->path);
	}
	if (dir->fd >= 0)
		return g_steal_pointer(&dir);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s: no private folder can be made there (%s); set RACERIG_SHM to a folder in "
		    "memory that you may write to", base,
		    g_path_is_absolute(base) ? g_strerror(errno) : "not an absolute path");
	return NULL;
}

bool shmdir_has_room(const char *path, guint64 bytes, GError **error)
{
	struct statvfs fs;

	if (statvfs(path, &fs)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, g_strerror(errno));
		return false;
	}
	/* A tmpfs without a limit has no blocks at all. */
	guint64 room = fs.f_blocks ? (guint64)fs.f_bavail * fs.f_frsize : G_MAXUINT64;

	if (room >= bytes)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s: No space left for a guest's memory (%" G_GUINT64_FORMAT " MiB of %" G_GUINT64_FORMAT
		    " are free); set RACERIG_SHM to a folder in memory that has room", path, room >> 20,
		    bytes >> 20);
	return false;
}
