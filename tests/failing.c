// SPDX-License-Identifier: GPL-2.0-only
/*
 * An LD_PRELOAD for tests: calls of the rig that take something from the system fail, the N-th
 * of one kind only, or from the N-th on.
 *
 *	FAILING=CALL:N or CALL:N+	open, memfd_create, socketpair, dup, write and flush (to files),
 *					mkdir, rename, fork
 *	FAILING=count			says at the end how many there were of each
 *	FAILING=clock:N			from the N-th look at it on, the clock of the day is a day ahead,
 *					and a day behind at every second one
 *
 * What the rig starts inherits the environment and not the failures.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { OPEN, MEMFD, SOCKETPAIR, DUP, WRITE, FLUSH, MKDIR, RENAME, FORK, CLOCK, CALLS };

static const char *const names[CALLS] = { "open", "memfd_create", "socketpair", "dup", "write",
					  "flush", "mkdir", "rename", "fork", "clock" };
static int counts[CALLS], call = -1, from;
static bool on, counting;
static pid_t rig;

__attribute__((constructor)) static void begin(void)
{
	const char *what = getenv("FAILING");
	char program[4096] = "", name[32] = "";

	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0 || !what ||
	    strcmp(strrchr(program, '/'), "/racerig") != 0)
		return;
	rig = getpid();
	counting = strcmp(what, "count") == 0;
	if (sscanf(what, "%31[a-z_]:%d", name, &from) != 2)
		return;
	on = what[strlen(what) - 1] == '+';
	for (int i = 0; i < CALLS; i++)
		if (strcmp(names[i], name) == 0)
			call = i;
}

__attribute__((destructor)) static void end(void)
{
	for (int i = 0; counting && getpid() == rig && i < CALLS; i++)
		fprintf(stderr, "failing %s=%d\n", names[i], counts[i]);
}

/* One more; whether it is to fail. */
static bool fails(int which)
{
	if (getpid() != rig)
		return false;
	int n = __atomic_add_fetch(&counts[which], 1, __ATOMIC_RELAXED);

	return which == call && (n == from || (on && n > from));
}

#define REAL(name) ({ static typeof(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name); real; })

static bool open_fails(void)
{
	if (!fails(OPEN))
		return false;
	errno = EMFILE;
	return true;
}

#define OPEN_CALL(name) \
int name(const char *path, int flags, ...) \
{ \
	va_list args; \
	va_start(args, flags); \
	mode_t mode = va_arg(args, mode_t); \
	va_end(args); \
	return open_fails() ? -1 : REAL(name)(path, flags, mode); \
}
OPEN_CALL(open)
OPEN_CALL(open64)

#define FOPEN_CALL(name) \
FILE *name(const char *path, const char *mode) \
{ \
	return open_fails() ? NULL : REAL(name)(path, mode); \
}
FOPEN_CALL(fopen)
FOPEN_CALL(fopen64)

int memfd_create(const char *name, unsigned int flags)
{
	if (!fails(MEMFD))
		return REAL(memfd_create)(name, flags);
	errno = EMFILE;
	return -1;
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	if (!fails(SOCKETPAIR))
		return REAL(socketpair)(domain, type, protocol, fds);
	errno = EMFILE;
	return -1;
}

int dup(int fd)
{
	if (!fails(DUP))
		return REAL(dup)(fd);
	errno = EMFILE;
	return -1;
}

int mkdir(const char *path, mode_t mode)
{
	if (!fails(MKDIR))
		return REAL(mkdir)(path, mode);
	errno = ENOSPC;
	return -1;
}

int rename(const char *from, const char *to)
{
	if (!fails(RENAME))
		return REAL(rename)(from, to);
	errno = ENOSPC;
	return -1;
}

/* What stdio has kept is lost, as on a full disk. */
int fflush(FILE *file)
{
	struct stat st;

	if (!file || fstat(fileno(file), &st) || !S_ISREG(st.st_mode) || !fails(FLUSH))
		return REAL(fflush)(file);
	__fpurge(file);
	errno = ENOSPC;
	return EOF;
}

/* As it is flushed then. */
int fclose(FILE *file)
{
	struct stat st;

	if (!__fpending(file) || fstat(fileno(file), &st) || !S_ISREG(st.st_mode) || !fails(FLUSH))
		return REAL(fclose)(file);
	__fpurge(file);
	REAL(fclose)(file);
	errno = ENOSPC;
	return EOF;
}

ssize_t write(int fd, const void *buffer, size_t len)
{
	struct stat st;

	/* A wake-up of a thread cannot fail. */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !fails(WRITE))
		return REAL(write)(fd, buffer, len);
	errno = ENOSPC;
	return -1;
}

pid_t fork(void)
{
	if (!fails(FORK))
		return REAL(fork)();
	errno = EAGAIN;
	return -1;
}

static long jump(void)
{
	enum { DAY = 86400 };

	if (getpid() != rig || call != CLOCK)
		return 0;
	int n = __atomic_add_fetch(&counts[CLOCK], 1, __ATOMIC_RELAXED);
	return n < from ? 0 : n % 2 ? DAY : -DAY;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int code = REAL(clock_gettime)(clock, ret);

	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		ret->tv_sec += jump();
	return code;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	int code = REAL(gettimeofday)(ret, zone);

	ret->tv_sec += jump();
	return code;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}
