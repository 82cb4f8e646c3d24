// SPDX-License-Identifier: GPL-2.0-only
/*
 * Archives of regular files, in the format that every tar reads: ustar (POSIX.1-2001, pax, "ustar
 * Interchange Format").  The same members make the same bytes: no times, no owners.
 *
 * Nothing here opens, makes or follows a file: who reads is told a name and a size, which are a
 * stranger's, and decides.  Links, devices, folders and extensions are RIG_ERROR_INPUT.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum { TAR_BLOCK = 512, TAR_MAX_NAME = 99 };

/* Of a size that eleven octal digits can say. */
#define TAR_MAX_SIZE (((guint64)1 << 33) - 1)

typedef struct {
	char name[TAR_MAX_NAME + 1];
	guint64 size;		/* bytes */
} TarMember;

/* The block before a member; the name fits and the size does. */
void tar_header(const TarMember *member, guint8 ret[TAR_BLOCK]);

/* How many zero bytes follow @size bytes. */
gsize tar_padding(guint64 size);

/* Whether @block is one of those that end an archive. */
bool tar_is_end(const guint8 block[TAR_BLOCK]);

/* What @block says; @where is what the error begins with. */
bool tar_parse(const guint8 block[TAR_BLOCK], const char *where, TarMember *ret, GError **error);
