// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another host, over ssh: a private folder in its memory, files in it, and its sockets
 * here.  The host needs sshd and a POSIX shell, nothing of ours.
 *
 * The folder and the forwarded sockets end with the connection, however it ends.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Remote Remote;

/* Whether @uri names another host; false for sockets and files of this one. */
bool remote_is(const char *uri);

/* The host of a qemu+ssh URI; ssh's options are taken from libvirt's in the URI. */
Remote *remote_new(const char *uri, GError **error);
void remote_free(Remote *remote);

/* Its folder; and "+UID:+GID", who we are there. */
const char *remote_folder(const Remote *remote);
const char *remote_owner(const Remote *remote);

/* Copy all of @fd to @name in the folder, or back. */
bool remote_put(Remote *remote, const char *name, int fd, GError **error);
bool remote_get(Remote *remote, const char *name, int fd, GError **error);

/* From now on, a socket at @here leads to the one at @name in the folder. */
bool remote_forward(Remote *remote, const char *here, const char *name, GError **error);

/* What @command prints there; the caller's. */
char *remote_ask(Remote *remote, const char *command, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Remote, remote_free)
