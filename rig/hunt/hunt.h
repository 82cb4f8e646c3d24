// SPDX-License-Identifier: GPL-2.0-only
/*
 * All combinations on one kernel, by several guests side by side, and the folder that is left:
 * journal while it runs, hunt.json and what people read when it ends.
 *
 * What comes of a combination depends on nothing but the combination, so neither the number of
 * guests nor an interruption changes what is found.
 */
#pragma once

#include "hunt/about.h"
#include "hunt/hunted.h"
#include "hunt/hunter.h"

typedef struct {
	HunterOptions each;
	int jobs;
	const char *stop_at;	/* the first combination that violates this in a way that is no finding is the
				 * last one; NULL: go on */
	double max_seconds;	/* 0: no limit; between combinations only */
	bool resume;
	const char *out;
} HuntOptions;

typedef struct {
	HuntAbout *about;
	GPtrArray *combinations;	/* of Combination */
	HuntExtent extent;
	GPtrArray *hunted;	/* of Hunted, by combination; NULL: not begun */
	GHashTable *guests;	/* snapshot -> SHA-256 of its contents */
	GHashTable *ran;	/* set of guint64 *: addresses of the subject's code that schedules came to */
	int restarts, resumed;
	bool whole;		/* all verbs from all setups: what is not found is gone */
} Hunt;

/* Nothing of @about, which this takes, is begun; errors are those of combinations_new(). */
Hunt *hunt_new(HuntAbout *about, GError **error);

/* Whose combination @n is, from 1: in turn, so that each shard has some of every setup. */
int hunt_shard_of(const Hunt *hunt, guint n);
bool hunt_is_mine(const Hunt *hunt, guint n);

/* Hunt until there is nothing more, a limit, or an interrupt; what is finished is in @hunt in every case. */
bool hunt_run(Hunt *hunt, const HuntOptions *options, GError **error);
void hunt_free(Hunt *hunt);

/* The path of the journal in folder @out; the caller's. */
char *hunt_journal_path(const char *out);

/* Its line that says which @snapshot guests started from; the caller's. */
char *hunt_guest_line(const char *snapshot, const char *sum);

/* Its line with the addresses in @ran; NULL: there are none.  The caller's. */
char *hunt_ran_line(GHashTable *ran);

/* The hunt that the journal at @path is of, with what it has done. */
Hunt *hunt_load(const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hunt, hunt_free)
