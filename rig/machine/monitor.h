// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's monitor (QMP) as command and answer, over one connection.
 *
 * Errors are RIG_ERROR_MACHINE, RIG_ERROR_PROTOCOL, RIG_ERROR_LOST or RIG_ERROR_DEADLINE.
 */
#pragma once

#include "wire/conn.h"

typedef struct Monitor Monitor;

/* Takes the connection. */
Monitor *monitor_new(Conn *conn);
void monitor_free(Monitor *monitor);

/* Greet QEMU; one older than 7.2 is an error. */
bool monitor_open(Monitor *monitor, GError **error);

/* Whether it still does. */
bool monitor_answers(Monitor *monitor);

/* "7.2.22"; the monitor's, NULL before it is open. */
const char *monitor_version(const Monitor *monitor);

/* @verb: "savevm" or "loadvm".  @ram: with the RAM that QEMU shares with us. */
bool monitor_snapshot(Monitor *monitor, const char *verb, const char *tag, bool ram,
		      GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Monitor, monitor_free)
