// SPDX-License-Identifier: GPL-2.0-only
/*
 * All combinations on one kernel, by several guests side by side, and the folder that is left:
 * journal while it runs, hunt.json and what people read when it ends.
 *
 * What comes of a combination depends on nothing but the combination, so neither the number of
 * guests nor an interruption changes what is found.
 */
#pragma once

#include "hunt/combination.h"
#include "hunt/hunted.h"
#include "hunt/hunter.h"

typedef struct {
	HunterOptions each;
	int jobs;
	double max_seconds;	/* 0: no limit; between combinations only */
	bool resume;
	const char *out;
} HuntOptions;

typedef struct {
	GPtrArray *combinations;	/* of Combination */
	HuntExtent extent;
	GPtrArray *hunted;	/* of Hunted, by combination; NULL: not begun */
	int restarts, resumed;
	int failures;		/* in a schedule, at most */
	bool whole;		/* all verbs from all setups: what is not found is gone */
	double seconds;		/* it took */
} Hunt;

/* Nothing of @scope is begun; errors are those of combinations_new(). */
Hunt *hunt_new(const HuntScope *scope, GError **error);

/*
 * Hunt until there is nothing more, a limit, or an interrupt; what is finished is in @hunt in every
 * case.  @identity: all that decides what comes of it, as one line.
 */
bool hunt_run(Hunt *hunt, const HuntOptions *options, const char *identity, GError **error);
void hunt_free(Hunt *hunt);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hunt, hunt_free)
