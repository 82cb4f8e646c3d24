// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scenario x kernel table: one `racerig explore` a pair, several side by side.
 *
 * Each pair is a process with a run folder and a journal of its own, so a pair that
 * breaks is one row, and an interrupted suite goes on where its pairs were.  The children
 * die with this process.
 */
#pragma once

#include <gio/gio.h>

#include "report/compare.h"
#include "suite/cost.h"
#include "suite/selection.h"
#include "suite/shard.h"

typedef struct {
	int jobs;
	double max_seconds;	/* 0: no limit */
	bool require_built;	/* a kernel that is not is an error, and no skip */
	bool resume;		/* take finished pairs over, go on with the others */
	const char *connect;	/* the libvirt that runs the guests, or NULL */
	const char *out;	/* runs/SCENARIO/KERNEL below it */
	const Shard *shard;	/* only its pairs; NULL: all */
	const Costs *costs;	/* what comes first; NULL: what @out says of an earlier run */
} SuiteOptions;

/*
 * All pairs, or those that could be until a limit or an interrupt; those begun are
 * inconclusive rows, the others "not run".  The longest come first, under a limit the shortest.
 * @ret is the caller's.
 */
bool suite_run(const Selection *selection, const SuiteOptions *options, GCancellable *cancel,
	       Table **ret, GError **error);

/*
 * @out as a suite's folder without results, ours alone until the process ends; an error if it is
 * something else.
 */
bool suite_make_folder(const char *out, GError **error);

/* suite.json, summary.md, suite.ktap, junit.xml, run.json in @out; @comparison may be NULL. */
bool suite_write(const char *out, const Table *table, const Comparison *comparison,
		 GError **error);
