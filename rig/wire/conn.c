// SPDX-License-Identifier: GPL-2.0-only
#include "wire/conn.h"

#include "util/error.h"

enum { WRITE_SECONDS = 30 };

struct Conn {
	GSocket *socket;
	GCancellable *cancel;
	char *name;
	FaultPeer peer;
	pid_t pid;
};

Conn *conn_new(int fd, const char *name, FaultPeer peer, pid_t pid, GCancellable *cancel,
	       GError **error)
{
	GSocket *socket = g_socket_new_from_fd(fd, error);

	if (!socket) {
		g_prefix_error(error, "%s: ", name);
		return NULL;
	}
	g_socket_set_blocking(socket, FALSE);

	Conn *conn = g_new0(Conn, 1);
	conn->socket = socket;
	conn->cancel = cancel ? g_object_ref(cancel) : NULL;
	conn->name = g_strdup(name);
	conn->peer = peer;
	conn->pid = pid;
	return conn;
}

void conn_free(Conn *conn)
{
	if (!conn)
		return;
	g_clear_object(&conn->socket);
	g_clear_object(&conn->cancel);
	g_free(conn->name);
	g_free(conn);
}

static bool wait_for(Conn *conn, GIOCondition condition, int seconds, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (g_socket_condition_timed_wait(conn->socket, condition,
					  seconds * G_USEC_PER_SEC, conn->cancel, &local))
		return true;
	if (g_error_matches(local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		g_set_error(error, RIG_ERROR, RIG_ERROR_DEADLINE, "%s: no answer in %d s",
			    conn->name, seconds);
	else
		g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

gssize conn_read(Conn *conn, char *buffer, gsize size, int seconds, GError **error)
{
	for (;;) {
		g_autoptr(GError) local = NULL;
		gssize got = g_socket_receive(conn->socket, buffer, size, NULL, &local);

		if (got > 0)
			return got;
		if (got < 0 && g_error_matches(local, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
			if (!wait_for(conn, G_IO_IN, seconds, error))
				return -1;
			continue;
		}
		g_set_error(error, RIG_ERROR, RIG_ERROR_LOST, "%s closed the connection%s%s",
			    conn->name, local ? ": " : "", local ? local->message : "");
		return -1;
	}
}

bool conn_write(Conn *conn, const char *bytes, gsize len, GError **error)
{
	fault_packet(conn->peer, conn->pid);
	while (len) {
		g_autoptr(GError) local = NULL;
		gssize sent = g_socket_send(conn->socket, bytes, len, NULL, &local);

		if (sent >= 0) {
			bytes += sent;
			len -= sent;
		} else if (g_error_matches(local, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
			if (!wait_for(conn, G_IO_OUT, fault_deadline(WRITE_SECONDS), error))
				return false;
		} else {
			g_set_error(error, RIG_ERROR, RIG_ERROR_LOST,
				    "%s closed the connection: %s", conn->name, local->message);
			return false;
		}
	}
	return true;
}
