// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariants over a record: what a live schedule is checked with, on events and an end from a
 * file.  Touches no guest.
 */
#pragma once

#include "check/check.h"
#include "event/record.h"

/* How what was found compares with what the record says was found. */
typedef struct {
	GArray *found;		/* of Violation: now, by name of frame */
	GArray *missing;	/* of Violation: recorded, and not found now */
	const char *unexplained;	/* as in check.h: nothing can be said of it; or NULL */
	bool partial;		/* not every operation has returned: I4, I9 and half of I11 were not asked */
	guint unrecorded;	/* how many of found are not in the record */
} Recheck;

/* All events of @record. */
Recheck *check_record(const Record *record);
void recheck_free(Recheck *recheck);

/* Whether @recheck found, or the record knows, a violation; what is documented is none. */
bool recheck_violates(const Recheck *recheck);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recheck, recheck_free)
