// SPDX-License-Identifier: GPL-2.0-only
/* Two hunts of one scope: which groups the second has that the first had not, and the other way round. */
#pragma once

#include "hunt/result.h"

typedef struct {
	GPtrArray *fresh;	/* const Group *, of the second: not in the first */
	GPtrArray *mended;	/* of the first: not in the second */
	GPtrArray *kept;	/* of the second: in both */
} HuntComparison;

/* It points into both. */
HuntComparison *hunt_compare(const HuntResult *before, const HuntResult *after);
void hunt_comparison_free(HuntComparison *comparison);

/* A line a group, and how much was explored; the caller's. */
char *hunt_comparison_text(const HuntComparison *comparison, const HuntResult *before,
			   const HuntResult *after);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HuntComparison, hunt_comparison_free)
