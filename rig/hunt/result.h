// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a hunt comes to: counts, groups, the sentence that can be quoted, and the files that hold it.
 */
#pragma once

#include "hunt/groups.h"

typedef struct {
	const Hunt *hunt;
	GPtrArray *groups;	/* of Group */
	char **gone;		/* findings of this kernel that were not found again */
	guint all, how[HUNTED_KINDS], not_begun;	/* combinations */
	guint64 executed;	/* schedules */
	guint fresh;		/* groups that are no finding yet */
	const char *verdict;	/* "clean", "known", "new" or "inconclusive" */
} HuntResult;

HuntResult *hunt_result_new(const Hunt *hunt, const Kernel *kernel, GError **error);
void hunt_result_free(HuntResult *result);

/*
 * "all pairs (…) of 17 verbs from 6 setups: 2,610 combinations, 2,600 explored to the end, …"; says
 * "complete" only when nothing was cut, unjudged or not begun.  The caller's.
 */
char *hunt_sentence(const HuntResult *result);

/* hunt.json, and what a person reads, of the hunt in folder @out; the caller's. */
char *hunt_json(const HuntResult *result, const char *kernel, const char *key, const char *emulator);
char *hunt_text(const HuntResult *result, const char *kernel, const char *out);
char *hunt_html(const HuntResult *result, const char *kernel);

/* "01-I7", the saved schedule of group @i, from 0; the caller's. */
char *hunt_stem(const HuntResult *result, guint i);

/* As `racerig explore` takes it: three lines that can be mailed.  The caller's. */
char *hunt_mail(const Combination *combination, const char *kernel, int failures);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HuntResult, hunt_result_free)
