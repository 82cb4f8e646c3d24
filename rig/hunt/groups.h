// SPDX-License-Identifier: GPL-2.0-only
/*
 * Violations put together by what they are: a finding that is written down, or else invariant, reason,
 * kind and the function in which it shows.  Where actors stood before may differ from combination to
 * combination; all such interleavings (hunt/signature.h) are named.  Each group is shown by its smallest
 * combination.
 */
#pragma once

#include "hunt/hunt.h"
#include "hunt/known.h"

/* What it hangs on: some order of two events of the smallest schedule. */
typedef enum {
	BLAME_UNKNOWN,		/* nobody has asked (hunt/blame.h), or there was no answer */
	BLAME_ORDER,		/* turned round, the invariant holds */
	BLAME_NO_SINGLE_ORDER,	/* whichever is turned round, it is violated */
	BLAME_NO_ORDER,		/* it happens in any case */
} Blame;

typedef struct {
	const Hit *hit;		/* of the smallest combination */
	const Combination *combination;	/* and that */
	guint combinations;	/* that show it */
	GPtrArray *interleavings;	/* signatures, of the hits; the smallest one's first */
	char *known;		/* the finding that it is, or NULL: nobody has written it down */
	Blame blame;
	guint first, second;	/* of BLAME_ORDER: decisions of the schedule, from 1, … */
	char *first_words, *second_words;	/* … for a reader */
} Group;

/*
 * Elements are Group *, in the order of their combinations; they point into @hunt.  @known: the
 * findings, of Known.
 */
GPtrArray *groups_new(const Hunt *hunt, const GPtrArray *known);

/* The one that @hit of the hunt is in. */
Group *groups_find(const GPtrArray *groups, const Hunt *hunt, const GPtrArray *known, const Hit *hit);

/* Whether two groups, of two hunts, too, are the same. */
bool group_is_same(const Group *a, const Group *b);

/* Findings of the hunt's kernel that none of @groups is; names, NULL-terminated, the caller's. */
char **groups_gone(const GPtrArray *groups, const Hunt *hunt, const GPtrArray *known);
