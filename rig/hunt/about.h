// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that decides what a hunt comes to: what is booted, what is combined, and how each combination is
 * explored.  The first line of its journal.
 *
 *	{"racerig-hunt-journal":2,"kernel":"stock","kind":"stock","key":"…","guest":"….qcow2",
 *	 "emulator":"…","triples":false,"verbs":["alloc"],"setup":"alloc 0","failures":1,
 *	 "max-schedules":500,"stop-at":"I7","coverage":true,"shard":1,"shards":3}
 *
 * "verbs", "setup" and "stop-at" are left out where there are none.
 */
#pragma once

#include "hunt/combination.h"

typedef struct {
	char *kernel, *kind, *key;	/* its name, its kind, its build */
	char *guest;		/* the name of what is booted */
	char *emulator;		/* what QEMU says to --version, and the SHA-256 of its file */
	HuntScope scope;	/* its strings are this one's */
	int failures;		/* calls that may fail in a schedule */
	int max_schedules;	/* of one combination; beyond that within a bound */
	char *stop_at;		/* an invariant, or NULL */
	bool coverage;		/* what runs of the subject's code is noted */
	int shard, shards;	/* 1 of 1: all of it */
} HuntAbout;

HuntAbout *about_new(void);
HuntAbout *about_copy(const HuntAbout *about);
void about_free(HuntAbout *about);

/* Without a newline, and the caller's; and back: RIG_ERROR_INPUT names @name. */
char *about_format(const HuntAbout *about);
HuntAbout *about_parse(const char *line, gsize len, const char *name, GError **error);

/* The member that is another one in @b, the shard left aside; NULL: they are of one hunt. */
const char *about_differs(const HuntAbout *a, const HuntAbout *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HuntAbout, about_free)
