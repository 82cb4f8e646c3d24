// SPDX-License-Identifier: GPL-2.0-only
/*
 * Following a recorded schedule on another build: by actor, kind of event, function and
 * page, since addresses within functions are another build's.
 *
 * Where that build has an event more, it is let happen; where it has one less, the recorded
 * decision is left out; where the recorded thread cannot go on yet, the others' next
 * recorded decisions come first.  What was not as recorded is kept, in order.
 * After the last decision whoever moved last goes on, to the end.  Pure: no I/O.
 */
#pragma once

#include "schedule/schedule.h"

typedef enum {
	FOLLOW_ELSEWHERE,	/* the same kind of event on the same page, in another function */
	FOLLOW_ABSENT,		/* this build has no such event */
	FOLLOW_EARLY,		/* came before its turn: who was to move could not */
	FOLLOW_EXTRA,		/* an event that was not recorded */
	FOLLOW_LEFT,		/* nothing led to it before the end */
} FollowKind;

typedef struct {
	FollowKind kind;
	int decision;		/* of the recorded ones, from 0; EXTRA: the one it came before */
	int thread;
	char *event;		/* recorded; EXTRA, ELSEWHERE: what this build does instead */
} FollowNote;

typedef struct {
	const Schedule *schedule;	/* not owned */
	bool *used;		/* a decision each: carried out, or absent */
	guint taken;		/* carried out */
	guint extra;
	int last;		/* thread of the last step; -1: none */
	GArray *notes;		/* of FollowNote */
} Follow;

Follow *follow_new(const Schedule *schedule);
void follow_free(Follow *follow);

/* From the start: nothing has been followed yet. */
void follow_begin(Follow *follow);

/*
 * A thread of @enabled.  @pending: what each of them would do, as a schedule names it.  -1
 * with END_STOPPED when it goes on for ever with what was not recorded.
 */
int follow_choose(Follow *follow, const ThreadSet *enabled, char *const pending[MAX_THREADS],
		  OutcomeEnd *ret_end);

/* The schedule has ended: what was not reached is noted. */
void follow_end(Follow *follow);

static inline const FollowNote *follow_note(const Follow *follow, guint i)
{
	return &g_array_index(follow->notes, FollowNote, i);
}

/* "is not there", for a reader. */
const char *follow_kind_text(FollowKind kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Follow, follow_free)
