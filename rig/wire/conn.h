// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connected stream socket with a deadline on every wait.
 *
 * Owns the descriptor.  Errors: RIG_ERROR_LOST when the peer is gone,
 * RIG_ERROR_DEADLINE when it took too long (never a verdict), and
 * G_IO_ERROR_CANCELLED when the user interrupted.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

#include "util/fault.h"

typedef struct Conn Conn;

/*
 * Takes @fd.  @name says who is at the other end, for messages; @peer and @pid (0: not known)
 * for the faults of tests.
 */
Conn *conn_new(int fd, const char *name, FaultPeer peer, pid_t pid, GCancellable *cancel,
	       GError **error);
void conn_free(Conn *conn);

/* At least one byte, at most @size; 0 never.  @seconds bounds the wait. */
gssize conn_read(Conn *conn, char *buffer, gsize size, int seconds, GError **error);
bool conn_write(Conn *conn, const char *bytes, gsize len, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Conn, conn_free)
