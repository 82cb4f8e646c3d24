// SPDX-License-Identifier: GPL-2.0-only
/*
 * The snapshots that a suite's pairs start from, made before anybody needs them: two boots are not
 * the same, and shards that boot for themselves do not belong together.
 */
#pragma once

#include <gio/gio.h>

#include "suite/selection.h"

/* Of a snapshot: how it was come by. */
typedef void (*ParkedFunc)(const Pair *pair, const char *snapshot, bool made, gpointer data);

/*
 * Of all pairs that can be run, each snapshot once; @func may be NULL.  A kernel that is not built
 * is left out unless @require_built.  *@ret gets their file names in the cache, sorted; the
 * caller's; may be NULL.
 */
bool park_all(const Selection *selection, const char *connect, bool require_built,
	      GCancellable *cancel, ParkedFunc func, gpointer data, GPtrArray **ret, GError **error);
