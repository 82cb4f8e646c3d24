// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a hunt comes to: counts, groups, the sentence that can be quoted, and the files that hold it.
 */
#pragma once

#include "hunt/cover.h"
#include "hunt/groups.h"
#include "report/table.h"

typedef struct {
	const Hunt *hunt;
	GPtrArray *known;	/* of Known: all that is written down */
	GPtrArray *groups;	/* of Group */
	char **gone;		/* findings of this kernel that were not found again */
	guint all, how[HUNTED_KINDS], not_begun, elsewhere;	/* combinations; elsewhere: of other shards */
	guint bounded[HUNTED_MAX_BOUND + 1];	/* of those, by bound */
	guint64 executed;	/* schedules */
	guint fresh;		/* groups that are no finding yet */
	Cover *cover;		/* NULL: nobody has asked, or the kernel is not here */
	const char *verdict;	/* "clean", "known", "new" or "inconclusive" */
} HuntResult;

HuntResult *hunt_result_new(const Hunt *hunt, GError **error);
void hunt_result_free(HuntResult *result);

/* Fill in what of the source of @kernel, the hunt's, was reached; nothing where it was not noted. */
bool hunt_result_cover(HuntResult *result, const Kernel *kernel, GError **error);

/* Whether every combination was explored to its end. */
bool hunt_is_complete(const HuntResult *result);

/*
 * "all pairs (…) of 17 verbs from 6 setups: 2,610 combinations, 2,600 explored to the end, …"; says
 * "complete" only when nothing was cut, unjudged or not begun.  The caller's.
 */
char *hunt_sentence(const HuntResult *result);

/* "01-I7", the saved schedule of group @i, from 0; the caller's. */
char *hunt_stem(const HuntResult *result, guint i);

/* As `racerig explore` takes it: three lines that can be mailed.  The caller's. */
char *hunt_mail(const HuntResult *result, const Combination *combination);

/* What people and services read (text.c); @out is the folder that the text names.  The caller's. */
char *hunt_text(const HuntResult *result, const char *out);
char *hunt_html(const HuntResult *result);

/* hunt.json (json.c); the caller's. */
char *hunt_json(const HuntResult *result);

/* A row for each family and setup, for KTAP and JUnit (rows.c). */
Table *hunt_table(const HuntResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HuntResult, hunt_result_free)
