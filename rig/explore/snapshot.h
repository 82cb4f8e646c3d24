// SPDX-License-Identifier: GPL-2.0-only
/* What sessions start from: a guest's files, and the names of its snapshots in the cache. */
#pragma once

#include "catalog/kernel.h"
#include "catalog/scenario.h"
#include "guest/spec.h"

/*
 * The name of the snapshot that a session of these would start from; the caller's.  *@ret_sum is
 * the SHA-256 of its contents, NULL where it is not there, or damaged.
 */
char *session_snapshot(const Kernel *kernel, const Scenario *scenario, const char *connect,
		       char **ret_sum, GError **error);

/*
 * The names of all snapshots that sessions of these would start from, with the emulator that
 * runs now; a set of strings, the caller's.  Kernels that are not built have none.
 */
GHashTable *session_snapshots(const GPtrArray *kernels, const GPtrArray *scenarios, GError **error);

/* The guest's files, as machine_new() wants them; strings are the caller's. */
GuestSpec *session_guest_spec(const Kernel *kernel, const Scenario *scenario, const char *connect,
			      GError **error);
void guest_spec_free(GuestSpec *spec);

/* Where the parked guest of a scenario in C, or of a shape of text, is kept; the caller's. */
char *snapshot_parked(const Kernel *kernel, const GuestSpec *spec, GError **error);

/* The name of that at @path, and of the text that it is given then; the caller's. */
char *snapshot_name(const char *path, const Scenario *scenario);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestSpec, guest_spec_free)
