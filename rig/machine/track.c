// SPDX-License-Identifier: GPL-2.0-only
#include "machine/track.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/host.h"
#include "util/lose.h"

struct Track {
	int uffd;		/* QEMU's; as long as it is open the protection lasts */
	int pagemap;
	guint64 start, end;	/* the RAM, where QEMU has it */
};

/* From linux/userfaultfd.h and linux/fs.h of Linux 6.7; the headers here may be older. */
enum {
	FEATURE_SHMEM = 1 << 12,
	FEATURE_UNPOPULATED = 1 << 13,
	FEATURE_ASYNC = 1 << 15,
	FEATURES = FEATURE_SHMEM | FEATURE_UNPOPULATED | FEATURE_ASYNC,
	USER_MODE_ONLY = 1,
	SCAN_WP_MATCHING = 1 << 0,
	SCAN_CHECK_WPASYNC = 1 << 1,
	PAGE_WRITTEN = 1 << 1,
	REGIONS = 512,
};

typedef struct {
	guint64 start, end, categories;
} Region;

typedef struct {
	guint64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
	guint64 category_inverted, category_mask, category_anyof_mask, return_mask;
} Scan;

#define PAGEMAP_SCAN_ _IOWR('f', 16, Scan)

/* Where @pid has the file mapped; false: not once and in one piece. */
static bool find_mapping(Track *track, pid_t pid, int fd, gsize bytes)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/maps", pid);
	g_autofree char *text = NULL;
	struct stat st;
	int found = 0;

	if (fstat(fd, &st) || !g_file_get_contents(path, &text, NULL, NULL))
		return false;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		unsigned long start, end, inode;

		if (sscanf(*line, "%lx-%lx %*s %*s %*s %lu", &start, &end, &inode) != 3 ||
		    inode != st.st_ino || !strstr(*line, "/memfd:"))
			continue;
		found++;
		track->start = start;
		track->end = end;
	}
	return found == 1 && track->end - track->start == bytes;
}

static long trace_and_open(pid_t pid)
{
	long fd = -1;
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return -1;
	if (!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) && waitpid(pid, &status, __WALL) == pid &&
	    WIFSTOPPED(status))
		fd = host_syscall(pid, SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | USER_MODE_ONLY);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return fd;
}

/*
 * The number of a userfaultfd that @pid has opened now, in @pid; -1: it has not.  Another process
 * does it: GLib takes whatever wait(2) says of a child of this one for its end.
 */
static int open_there(pid_t pid)
{
	enum { NONE = 255 };
	int status = 0;
	pid_t helper = fork();

	if (helper == 0) {
		long fd = trace_and_open(pid);

		_exit(fd >= 0 && fd < NONE ? (int)fd : NONE);
	}
	while (helper > 0 && waitpid(helper, &status, 0) < 0 && errno == EINTR)
		;
	return helper > 0 && WIFEXITED(status) && WEXITSTATUS(status) != NONE ? WEXITSTATUS(status) : -1;
}

/* Ours of @pid's @fd. */
static int take_fd(pid_t pid, int fd)
{
	int process = syscall(SYS_pidfd_open, pid, 0);
	int taken = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);

	if (process >= 0)
		close(process);
	return taken;
}

static bool protect(const Track *track)
{
	struct uffdio_api api = { .api = UFFD_API, .features = FEATURES };
	struct uffdio_register range = {
		.range = { track->start, track->end - track->start },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	return !ioctl(track->uffd, UFFDIO_API, &api) && (api.features & FEATURES) == FEATURES &&
	       !ioctl(track->uffd, UFFDIO_REGISTER, &range);
}

static void ignore(gsize page, gpointer data)
{
	(void)page;
	(void)data;
}

static Track *give_up(const char *what)
{
	g_info("RAM is compared as a whole: %s", what);
	return NULL;
}

Track *track_new(pid_t pid, int ram_fd, gsize bytes)
{
	g_autoptr(Track) track = g_new0(Track, 1);
	g_autofree char *path = g_strdup_printf("/proc/%d/pagemap", pid);

	track->uffd = track->pagemap = -1;
	if (g_strcmp0(g_getenv("RACERIG_TRACK"), "off") == 0)
		return give_up("RACERIG_TRACK is off");
	if (pid <= 0 || sysconf(_SC_PAGESIZE) != TRACK_PAGE || !find_mapping(track, pid, ram_fd, bytes))
		return give_up("it is not mapped once by a child");
	track->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	int there = track->pagemap < 0 ? -1 : open_there(pid);
	if (there < 0)
		return give_up("QEMU may not be asked for a userfaultfd");
	track->uffd = take_fd(pid, there);
	if (track->uffd < 0 || !protect(track) || !track_take(track, ignore, NULL))
		return give_up("the kernel has no asynchronous write protection");
	return g_steal_pointer(&track);
}

void track_free(Track *track)
{
	if (!track)
		return;
	if (track->uffd >= 0)
		close(track->uffd);
	if (track->pagemap >= 0)
		close(track->pagemap);
	g_free(track);
}

bool track_take(Track *track, TrackFunc func, gpointer data)
{
	Region regions[REGIONS];
	Scan scan = {
		.size = sizeof(scan), .flags = SCAN_WP_MATCHING | SCAN_CHECK_WPASYNC,
		.start = track->start, .end = track->end,
		.vec = (guint64)(gsize)regions, .vec_len = REGIONS,
		.category_mask = PAGE_WRITTEN, .return_mask = PAGE_WRITTEN,
	};

	while (scan.start < track->end) {
		int n = ioctl(track->pagemap, PAGEMAP_SCAN_, &scan);

		if (n < 0)
			return false;
		for (int i = 0; i < n && !lose("track"); i++)
			for (guint64 at = regions[i].start; at < regions[i].end; at += TRACK_PAGE)
				func((at - track->start) / TRACK_PAGE, data);
		scan.start = scan.walk_end;
	}
	return true;
}
