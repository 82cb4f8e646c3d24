// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of a split exploration, made into the run folder that it would have left in one.
 *
 * The policy goes its way once more, and outcomes come from the parts' journals: no guest is
 * needed.  The folders are a stranger's.
 */
#pragma once

#include "report/verdict.h"

typedef struct {
	const char *const *dirs;	/* by part; NULL: it is missing */
	guint n;
	int split;
} MergeParts;

/*
 * Into @out, which is made or emptied.  @ret_ended: of each part whether its journal had
 * all that was asked of it; what the others have is counted, and the verdict is not complete.
 */
bool explore_merge(const MergeParts *parts, const char *out, bool *ret_ended, Verdict **ret,
		   GError **error);
