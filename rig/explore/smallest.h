// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest schedule so far that violates what a given one violates: the fewest context switches, then
 * the fewest events.  Which are tried is up to explore/minimise.h and explore/shorten.h.
 */
#pragma once

#include "explore/run.h"

typedef struct {
	int switches, events;	/* up to and with the event that violates */
	int executed;		/* schedules it took */
	bool proven;		/* every schedule with fewer switches was run, too */
} Minimum;

typedef struct {
	Session *session;	/* not owned */
	const char *invariant;	/* interned */
	Schedule *best;		/* cut behind the event that violates; all of it, if only the end shows it */
	Minimum found;
} Smallest;

/*
 * Run @schedule, which is the smallest so far; *@ret is what came of it, the caller's.  RIG_ERROR_GUEST when
 * it violates nothing (any more).
 */
bool smallest_begin(Smallest *smallest, Session *session, const Schedule *schedule, Outcome **ret,
		    GError **error);

/* The session has just run @outcome: it is the smallest from here on, if it is smaller. */
bool smallest_consider(Smallest *smallest, const Outcome *outcome);

void smallest_clear(Smallest *smallest);
