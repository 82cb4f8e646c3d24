// SPDX-License-Identifier: GPL-2.0-only
/*
 * What came of one combination, as a value and as a line of the hunt's journal.
 *
 *	{"n":12,"how":"complete","executed":6,"violating":1,"documented":0,"invariants":["I7"],
 *	 "hits":[{"violation":{…},"signature":"…","count":1,"schedule":"…"}]}
 *	{"n":13,"how":"bounded","bound":1,"executed":90,…}
 *	{"n":14,"how":"broken","error":"…"}
 */
#pragma once

#include "event/violation.h"

typedef enum {
	HUNTED_COMPLETE,	/* every interleaving of the events */
	HUNTED_BOUNDED,		/* … with so many preemptions at most */
	HUNTED_CUT,		/* not even those without: too many schedules, or a cycle that differs */
	HUNTED_ABSENT,		/* this kernel has not all of its operations */
	HUNTED_BROKEN,		/* the rig could not judge it */
	HUNTED_KINDS,
} HuntedHow;

/* Violations that begin with the same: the smallest schedule that shows it. */
typedef struct {
	Violation violation;	/* as the smallest schedule has it */
	char *signature;
	int count;		/* violating schedules of the exploration that begin with it */
	char *schedule;		/* its text */
	int switches, events;	/* of it */
} Hit;

typedef struct {
	guint n;		/* of the combination */
	HuntedHow how;
	int bound;		/* of BOUNDED: preemptions */
	int executed, violating, documented;	/* schedules */
	GPtrArray *invariants;	/* ids, interned: all that any schedule violates, in order */
	GPtrArray *hits;	/* of Hit */
	char *error;		/* of BROKEN and ABSENT */
} Hunted;

/* BOUNDED's bounds are 0 to this. */
enum { HUNTED_MAX_BOUND = 2 };

Hunted *hunted_new(guint n);
void hunted_free(Hunted *hunted);
Hit *hunted_add(Hunted *hunted, const Violation *violation);

/* Whether any schedule of it violates @invariant. */
bool hunted_violates(const Hunted *hunted, const char *invariant);

/* "complete", "bounded", "cut", "absent", "broken" */
const char *hunted_how(HuntedHow how);

/* The line, without a newline; the caller's.  And back: RIG_ERROR_INPUT names @name. */
char *hunted_format(const Hunted *hunted);
Hunted *hunted_parse(const char *line, gsize len, guint n_combinations, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hunted, hunted_free)
