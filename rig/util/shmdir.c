// SPDX-License-Identifier: GPL-2.0-only
#include "util/shmdir.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"

static const char PREFIX[] = "racerig-";

void shmdir_free(char *path)
{
	g_autoptr(GDir) dir = path ? g_dir_open(path, 0, NULL) : NULL;
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		g_unlink(file);
	}
	if (path)
		g_rmdir(path);
	g_free(path);
}

/* The folders of ours whose maker is no more. */
static void sweep(const char *base)
{
	g_autoptr(GDir) dir = g_dir_open(base, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(base, name, NULL);
		struct stat st;

		if (!g_str_has_prefix(name, PREFIX))
			continue;
		int pid = atoi(name + strlen(PREFIX));
		if (pid > 0 && kill(pid, 0) && errno == ESRCH && lstat(path, &st) == 0 &&
		    S_ISDIR(st.st_mode) && st.st_uid == geteuid())
			shmdir_free(g_steal_pointer(&path));
	}
}

char *shmdir_new(GError **error)
{
	const char *env = g_getenv("RACERIG_SHM");
	const char *base = env ? env : "/dev/shm";
	g_autofree char *path = g_strdup_printf("%s/%s%d-XXXXXX", base, PREFIX, getpid());

	sweep(base);
	if (g_path_is_absolute(base) && g_mkdtemp(path))
		return g_steal_pointer(&path);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s: no private folder can be made there (%s); set RACERIG_SHM to a folder in "
		    "memory that you may write to", base,
		    g_path_is_absolute(base) ? g_strerror(errno) : "not an absolute path");
	return NULL;
}
