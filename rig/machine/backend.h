// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starting QEMU: the one place that knows its command line.
 *
 * The child gets SIGKILL when this process ends, however it ends.
 */
#pragma once

#include "machine/machine.h"

/* Descriptors the machine talks through; all owned by the caller. */
typedef struct {
	GSubprocess *process;
	int gdb, qmp;		/* connected stream sockets */
	int ram, disk, console;	/* memfds */
	int log;		/* memfd: what QEMU said on stderr */
} LaunchResult;

bool launch_qemu(const MachineSpec *spec, LaunchResult *ret, GError **error);

/* For GSubprocess: die with the parent. */
void launch_die_with_parent(gpointer parent_pid);
