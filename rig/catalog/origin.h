// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kernel build was made with: by which tools, as kbuild itself wrote it into the
 * build's configuration, and from which tree, where that was a user's own.
 *
 * Strings, "" where it is not known or not so; the Origin owns them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	char *compiler;		/* "gcc (Debian 12.2.0-14+deb12u1) 12.2.0" */
	char *linker;		/* "GNU ld 2.40", "LLD 16.0.6" */
	char *pahole;		/* "1.24" */
	char *make;		/* what make was told besides: "LLVM=1" */
	char *fragments;	/* names of the user's parts of the configuration, blank-separated */
	char *tree;		/* the folder that was copied */
	char *tree_sha256;	/* over all files in it, new and changed ones, too */
	char *commit;		/* what was checked out there */
} Origin;

/* Each member by its name in verdict.json and in texts; ends with a name that is NULL. */
typedef struct {
	const char *name;
	const char *title;
	gsize offset;
} OriginMember;

extern const OriginMember origin_members[];

#define ORIGIN_STRING(origin, member) (*(char **)((char *)(origin) + (member)->offset))

/*
 * Of the build in @dir: its config, and its origin.json if there is one.  @compiler: what
 * counts where the configuration names none.
 */
bool origin_read(const char *dir, const char *compiler, Origin *ret, GError **error);

void origin_copy(const Origin *origin, Origin *ret);
void origin_deinit(Origin *origin);
