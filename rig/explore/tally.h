// SPDX-License-Identifier: GPL-2.0-only
/*
 * What outcomes come to, one after another: the counts of the verdict, the final states, and
 * which schedules are kept as files.  The same outcomes in the same order give the same.
 */
#pragma once

#include "report/verdict.h"
#include "schedule/outcome.h"

typedef struct Tally Tally;

/* Into @verdict, which is not owned, and the run folder @out. */
Tally *tally_new(Verdict *verdict, const char *out);
void tally_free(Tally *tally);

/* Count @outcome, and keep its files if it shows something new. */
bool tally_add(Tally *tally, const Outcome *outcome, GError **error);

/* Whether @outcome, added next, should have files, has no texts for them, and they are not there. */
bool tally_lacks_files(const Tally *tally, const Outcome *outcome);

bool tally_violates(const Tally *tally, const char *invariant);

/* No more will come: the final states, and what it all comes to. */
void tally_end(Tally *tally);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tally, tally_free)
