// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two tables, and what the second says that the first did not.
 *
 * Pairs are matched by scenario and kernel; where each table has one kernel only, by
 * scenario: then it is the kernel that changed.
 */
#pragma once

#include "report/table.h"

typedef struct {
	GPtrArray *violated;	/* strings: newly violated, "fault-vs-alloc on mine: I1 (was clean)" */
	GPtrArray *mended;	/* strings: "I7 of lost-write", of what is in clean, too */
	GPtrArray *kept;	/* the same, violated before and after, and expected to be */
	GPtrArray *clean;	/* newly clean, or an invariant that holds again */
	GPtrArray *other;	/* other verdicts: documented, skipped, … */
	GPtrArray *coverage;	/* up or down */
	int same;		/* pairs with the same invariants and verdict */
} Comparison;

Comparison *compare_tables(const Table *before, const Table *after);
void comparison_free(Comparison *comparison);

/* For a reader, lines; the caller's. */
char *comparison_text(const Comparison *comparison);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Comparison, comparison_free)
