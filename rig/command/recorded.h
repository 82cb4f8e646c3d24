// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the commands on recorded schedules share.
 */
#pragma once

#include "explore/run.h"

/* Read FILE.sched; errors name the file and the line. */
Schedule *recorded_load(const char *path, GError **error);

/* What is done in it, if a text says that. */
void recorded_print_operations(const Schedule *schedule);

/* The guest it was made on, ready to run; @kernel: on that kernel instead, or NULL. */
Session *recorded_session(const Schedule *schedule, const char *path, const char *kernel,
			  const char *connect, GCancellable *cancel, GError **error);

/* The same, with QEMU's second QMP socket at @qmp. */
Session *recorded_session_at(const Schedule *schedule, const char *path, const char *kernel,
			     const char *connect, const char *qmp, GCancellable *cancel,
			     GError **error);
