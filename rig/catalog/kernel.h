// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernels there are, and where their builds lie.
 *
 * A kernel is a descriptor (guest-kernel/kernels, or the user's in the cache)
 * and, once built, a folder named by a key over everything that went in.
 * guest-kernel/build is the only one who knows how the key is made.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "catalog/origin.h"

typedef struct {
	int ref_count;
	char *name;
	char *title;
	char *kind;		/* stock, variant, mutant, own */
	char *breaks;		/* the invariant that a mutant breaks; NULL: no mutant */
	char **has;		/* what feature.h knows; NULL: everything */
	char *expected_on;	/* the release that scenarios' [expect] lines of it are of, or NULL */
	char **excuses;		/* exceptions of invariants that its design needs; NULL: none */
	char *map_flags;	/* what its arenas are created with besides, "0x80000"; may be NULL */
	char *key;		/* NULL: not built from what is on disk now */
	char *dir;		/* the build; NULL when not built */
	char *release;		/* "7.3.4"; NULL when not built */
	char *source;		/* package and version, or the user's tree */
	char *patches;		/* file names, blank-separated; may be empty */
	char *config_sha256;
	Origin origin;		/* what built it; empty when not built */
	int ram_mib;		/* of a guest */
	char *tree;		/* the sources, for showing lines */
	/* of one that came in a pack; else NULL */
	char *guest;		/* the folder of the PID 1 that came with it */
	char *emulator;		/* that its snapshots are of, as backend_emulator_identity() has it */
} Kernel;

/* Whether there is a descriptor of NAME, and of BASE in NAME@BASE; built or not. */
bool kernel_exists(const char *name);

/* All kernels by name; elements are Kernel *, owned by the array. */
GPtrArray *kernel_list(GError **error);

/*
 * A built kernel, or RIG_ERROR_INPUT that says how to build it.  NAME@BASE: the
 * patches of NAME on top of the kernel BASE.
 */
Kernel *kernel_find(const char *name, GError **error);

/* The same in a list at hand: its index, or -1. */
int kernel_index(const GPtrArray *kernels, const char *name, GError **error);

/* One of which nothing is known yet. */
Kernel *kernel_new(void);

/* Another reference, for kernel_free(); from any thread. */
Kernel *kernel_ref(Kernel *kernel);
void kernel_free(Kernel *kernel);

/*
 * Where the sources of the build in @dir, made from @tree, can be read, best first: what its
 * patches changed, what other builds' patches change in the tree, the tree.  NULL-terminated,
 * the caller's.
 */
char **kernel_source_roots(const char *dir, const char *tree);

/* Whether it is a later release than the one of which scenarios know what it does. */
bool kernel_is_newer(const Kernel *kernel);

/* Whether its descriptor names the exception @token (catalog/invariant.h). */
bool kernel_excuses(const Kernel *kernel, const char *token);

/* What of a kernel's key no other machine can know: what a pack says of it (guest-kernel/packed). */
typedef struct {
	char *source, *compiler;	/* of one of ours: package and version; lines of text */
	char *image, *ram;		/* of a user's own: the key of its image; MiB, or "" */
} KernelRecipe;

bool kernel_recipe(const char *name, KernelRecipe *ret, GError **error);
void kernel_recipe_deinit(KernelRecipe *recipe);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KernelRecipe, kernel_recipe_deinit)

/* A file of the PID 1 that it boots: init, init.cpio; the caller's. */
char *kernel_guest_file(const Kernel *kernel, const char *name);

char *kernel_file(const Kernel *kernel, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kernel, kernel_free)
