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

typedef struct {
	const Hit *hit;		/* of the smallest combination */
	const Combination *combination;	/* and that */
	guint combinations;	/* that show it */
	GPtrArray *interleavings;	/* signatures, of the hits; the smallest one's first */
	char *known;		/* the finding that it is, or NULL: nobody has written it down */
} Group;

/*
 * Elements are Group *, in the order of their combinations; they point into @hunt.  @known: the
 * findings, of Known.
 */
GPtrArray *groups_new(const Hunt *hunt, const Kernel *kernel, const GPtrArray *known);

/* Findings of @kernel that none of @groups is; names, NULL-terminated, the caller's. */
char **groups_gone(const GPtrArray *groups, const Kernel *kernel, const GPtrArray *known);
