// SPDX-License-Identifier: GPL-2.0-only
#include "util/cpu.h"

#include <glib.h>
#include <sched.h>

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

void cpu_claim(int nth)
{
	static GOnce once = G_ONCE_INIT;
	const Allowed *allowed = g_once(&once, find_allowed, NULL);
	cpu_set_t set;

	if (!allowed->n)
		return;
	CPU_ZERO(&set);
	CPU_SET(allowed->cpus[(allowed->first + nth) % allowed->n], &set);
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
