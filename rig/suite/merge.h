// SPDX-License-Identifier: GPL-2.0-only
/*
 * The folders of a sharded suite, made into the one that it would have been unsharded.
 *
 * They are a stranger's: what is read is checked, and only what a run folder has is copied.
 */
#pragma once

#include "report/table.h"
#include "report/verdict.h"

/*
 * The suite of the shards in @dirs (NULL-terminated) in @out.  What does not belong together or is there
 * twice is RIG_ERROR_INPUT, and nothing is written.  Pairs of shards that are missing, or have not
 * ended, are "not run"; *@ret_missing names those shards, a line each, or is NULL.  Both are the
 * caller's.
 */
bool merge_suite(const char *const *dirs, const char *out, Table **ret, char **ret_missing,
		 GError **error);

/* The split that the shard in @dir is of; 0: it is of a suite; -1: an error. */
int merge_split(const char *dir, GError **error);

/* The same for the shards of an exploration; those that are missing leave it inconclusive. */
bool merge_exploration(const char *const *dirs, const char *out, Verdict **ret, char **ret_missing,
		       GError **error);
