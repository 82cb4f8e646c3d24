// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be made to fail: calls from the subject's own code, and attempts at locks that their
 * waiters may give up.  drgn names them, by the one table in analysis/helpers/failures.py.
 *
 * A call fails at its entry, by coming back at once with what it returns then.  A lock is given up
 * where somebody else holds it: the attempt is made and fails, and the wait comes back
 * with what it returns after a time-out, and without the entry in the table of the vCPU's locks.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "event/event.h"
#include "subject/watch.h"

enum { MAX_CALLS = 16, MAX_CALLERS = 8, MAX_LEFT_BEHIND = 8 };

typedef struct {
	int failing;		/* index into Failures.names */
	guint64 entry;		/* where it begins */
	guint64 returns;
	int argument;		/* where this one, from 0, … */
	guint64 value;		/* … is that, it fails by itself: to compare */
} FailingCall;

typedef struct {
	int n_names, n_calls, n_callers;
	const char *names[MAX_FAILING];	/* interned: "alloc-page" */
	FailingCall calls[MAX_CALLS];
	const char *callers[MAX_CALLERS];	/* files of the source, interned */
	int n_left_behind;
	struct {
		const char *call, *function;	/* interned */
	} left_behind[MAX_LEFT_BEHIND];	/* where the kernel leaves pages behind on purpose */
	guint32 locks;		/* bits of the watched ones that may be given up */
	guint64 entry, returns;	/* of the function that waits for them */
	/* Of each actor's vCPU, physical: a count of 32 bits and, at an offset, as many pointers. */
	guint64 held[MAX_ACTORS];
	int count, entries;	/* offsets of both */
} Failures;

/* What drgn said, checked; RIG_ERROR_INPUT says that nothing is there that can fail. */
bool failures_parse(JsonObject *answer, const Watch *watch, int n_actors, guint64 ram_bytes,
		    Failures *ret, GError **error);

/* Whether @function leaves pages behind on purpose when its call of that number fails. */
bool failures_leave_behind(const Failures *failures, int failing, const char *function);

/* What begins at @pc, or NULL. */
const FailingCall *failures_at(const Failures *failures, guint64 pc);
