// SPDX-License-Identifier: GPL-2.0-only
#include "explore/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "util/error.h"

char *folder_path(const char *out, const char *relative)
{
	return g_build_filename(out, relative, NULL);
}

bool folder_write(const char *out, const char *relative, const char *text, GError **error)
{
	g_autofree char *path = folder_path(out, relative);

	return g_file_set_contents(path, text, -1, error);
}

bool folder_may_write(const char *out, GError **error)
{
	g_autofree char *trace = folder_path(out, "trace");
	g_autoptr(GDir) old = g_dir_open(out, 0, NULL);

	if (!old || !g_dir_read_name(old) || g_file_test(trace, G_FILE_TEST_IS_DIR))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s is not empty and no run folder; give another --out", out);
	return false;
}

int folder_lock(const char *out, GError **error)
{
	if (g_mkdir_with_parents(out, 0755)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", out, g_strerror(errno));
		return -1;
	}
	int fd = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", out, errno == EWOULDBLOCK
		    ? "another racerig writes there; wait for it, or give another --out" : g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool make(const char *path, bool empty, GError **error)
{
	if (g_mkdir_with_parents(path, 0755)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, g_strerror(errno));
		return false;
	}
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	for (const char *name; empty && dir && (name = g_dir_read_name(dir));) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_unlink(file);
	}
	return true;
}

bool folder_make(const char *out, bool keep, GError **error)
{
	g_autofree char *schedules = folder_path(out, "schedules");
	g_autofree char *trace = folder_path(out, "trace");
	g_autofree char *facts = folder_path(out, "facts");
	g_autofree char *verdict = folder_path(out, "verdict.json");
	g_autofree char *run = folder_path(out, "run.json");
	g_autofree char *journal = folder_path(out, "journal");

	g_unlink(verdict);
	g_unlink(run);
	if (!keep)
		g_unlink(journal);
	/* First what a run folder is known by: if the next cannot be made, the folder can be used again. */
	return make(trace, !keep, error) && make(schedules, !keep, error) &&
	       make(facts, !keep, error);
}

bool folder_save(const char *out, const char *stem, const Outcome *outcome, GError **error)
{
	g_autofree char *schedule = g_strdup_printf("schedules/%s.sched", stem);
	g_autofree char *trace = g_strdup_printf("trace/%s.jsonl", stem);

	return folder_write(out, schedule, outcome->schedule, error) &&
	       folder_write(out, trace, outcome->trace, error);
}
