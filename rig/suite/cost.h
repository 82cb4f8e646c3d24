// SPDX-License-Identifier: GPL-2.0-only
/*
 * What pairs cost before, so that work can be dealt out evenly and begun in a good order.
 *
 *	{"racerig-suite-run":1,"pairs":[{"scenario":S,"kernel":K,"wall_ms":1500,"executed":80,
 *	 "redundant":3}]}
 *
 * That is the run.json of a suite's folder.  Whole milliseconds: the same file gives the same
 * parts on every machine.
 */
#pragma once

#include "report/table.h"
#include "suite/selection.h"

typedef struct Costs Costs;

/* RIG_ERROR_INPUT names the file and what is wrong in it. */
Costs *costs_load(const char *path, GError **error);
void costs_free(Costs *costs);

/* SHA-256 of the file; "none" for no costs. */
const char *costs_identity(const Costs *costs);

/*
 * Milliseconds: what @pair took; where that is not known its schedules times its actors, and
 * without those, or with @costs NULL, a guess from its actors and its bound.  At least 1.
 */
gint64 costs_of(const Costs *costs, const Pair *pair);

/* The schedules that were begun, those in vain, too; -1: not known. */
gint64 costs_begun(const Costs *costs, const char *scenario, const char *kernel);

/* The file for @table, newline included; the caller's. */
char *costs_json(const Table *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Costs, costs_free)
