// SPDX-License-Identifier: GPL-2.0-only
/*
 * Outcomes on disk, a line each, so that a killed exploration can go on.
 *
 * *	racerig-journal 8 WHAT…		all that decides what a plan comes to
 *	PLAN-KEY<tab>OUTCOME
 *
 * A line is written whole when its plan is done.  One that a kill cut short is
 * dropped when the journal is read.
 */
#pragma once

#include "schedule/outcome.h"

typedef struct Journal Journal;

/* A new one at @path, for @what (one line). */
Journal *journal_new(const char *path, const char *what, GError **error);

/* The one at @path, to be continued; an error if it is not for @what. */
Journal *journal_resume(const char *path, const char *what, GError **error);

/* That of another run, to take from; *@ret_what is what it is for, the caller's. */
Journal *journal_load(const char *path, char **ret_what, GError **error);

/* Whether there is one at @path for @what. */
bool journal_is_for(const char *path, const char *what);
void journal_free(Journal *journal);

bool journal_add(Journal *journal, const char *key, const Outcome *outcome, GError **error);

/* The outcome for a plan's key, or NULL.  The caller's: each can be taken once. */
Outcome *journal_take(Journal *journal, const char *key);

/* All outcomes in the file at @path, in any order; elements are Outcome *. */
GPtrArray *journal_outcomes(const char *path, GError **error);

/* How many can still be taken. */
guint journal_left(const Journal *journal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_free)
