// SPDX-License-Identifier: GPL-2.0-only
#include "util/cpu.h"

#include <glib.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* More than these are where the first of them are. */
enum { MAX_CLAIMS = 64 };

typedef struct {
	int cpus[CPU_SETSIZE];
	int n, first;		/* how many; index of the one we were started on */
} Allowed;

static gpointer find_allowed(gpointer data)
{
	static Allowed allowed;
	int here = sched_getcpu();
	cpu_set_t set;

	(void)data;
	if (sched_getaffinity(0, sizeof(set), &set))
		return &allowed;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		if (cpu == here)
			allowed.first = allowed.n;
		allowed.cpus[allowed.n++] = cpu;
	}
	return &allowed;
}

/*
 * Whether nobody else keeps a guest on @cpu: who has this name has it, until its process ends.  It
 * is in no file system, and what is not known there costs time and nothing else.
 */
static bool is_ours(int cpu)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "racerig-cpu-%d", cpu);

	if (fd < 0)
		return false;
	if (bind(fd, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + 1 + length) == 0)
		return true;
	close(fd);
	return false;
}

/* The first that is free from the @nth on; where none is, that one. */
static int choose(const Allowed *allowed, int nth)
{
	for (int i = 0; i < allowed->n; i++) {
		int cpu = allowed->cpus[(allowed->first + nth + i) % allowed->n];

		if (is_ours(cpu))
			return cpu;
	}
	return allowed->cpus[(allowed->first + nth) % allowed->n];
}

void cpu_claim(int nth)
{
	static GOnce once = G_ONCE_INIT;
	static GMutex mutex;
	static int chosen[MAX_CLAIMS];	/* and one; 0: not yet */
	const Allowed *allowed = g_once(&once, find_allowed, NULL);
	cpu_set_t set;

	if (!allowed->n)
		return;
	nth %= MAX_CLAIMS;
	g_mutex_lock(&mutex);
	if (!chosen[nth])
		chosen[nth] = choose(allowed, nth) + 1;
	CPU_ZERO(&set);
	CPU_SET(chosen[nth] - 1, &set);
	g_mutex_unlock(&mutex);
	sched_setaffinity(0, sizeof(set), &set);
}

int cpu_claimed(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) || CPU_COUNT(&set) != 1)
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			return cpu;
	return -1;
}
