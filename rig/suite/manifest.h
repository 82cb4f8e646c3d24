// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a pack holds: kernels as they were built, the guest that they boot, and the snapshots that
 * schedules start from.
 *
 *	{"racerig-pack":1,"version":V,"machine":M,"emulator":E,"guest":SHA256,
 *	 "kernels":[{"name":N,"key":K,"source":S,"compiler":C}, {"name":N,"key":K,"image":K,…}],
 *	 "files":[{"path":"builds/KEY/vmlinux","size":N,"sha256":S},…]}
 *
 * It is the pack's first member, and its SHA-256 is the pack's address: with it every byte of every
 * other member is known.  Paths are below the cache, and only such as racerig has there.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	char *path;		/* below $XDG_CACHE_HOME/racerig */
	char *from;		/* where it lies when it is packed; NULL when unpacked */
	char *sha256;
	guint64 size;		/* bytes */
} PackFile;

/* What of a kernel a machine that cannot build it must be told. */
typedef struct {
	char *name, *key;
	char *source, *compiler;	/* of one of ours: guest-kernel/packed */
	char *image, *ram;		/* of a user's own: the key of its image; MiB or "" */
	char *title, *map_flags;	/* … and what its descriptor says; map_flags may be NULL */
	char **has, **excuses;		/* … names, NULL-terminated; NULL: none */
} PackKernel;

typedef struct {
	char *version, *machine, *emulator;
	char *guest;		/* SHA-256 of its init.cpio */
	GPtrArray *kernels;	/* of PackKernel */
	GPtrArray *files;	/* of PackFile, by path */
} Manifest;

Manifest *manifest_new(void);
void manifest_free(Manifest *manifest);

/* Newline included; the caller's. */
char *manifest_json(const Manifest *manifest);

/* @where is what errors begin with. */
Manifest *manifest_parse(const char *text, gsize len, const char *where, GError **error);

/* Whether a pack may have a file there, by its name alone. */
bool manifest_is_path(const char *path);

void pack_file_free(gpointer file);
void pack_kernel_free(gpointer kernel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)
