// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariants that look at events, over a record: what a live schedule is checked with, on
 * events from a file.  Touches no guest.
 */
#pragma once

#include "check/check.h"
#include "event/record.h"

/* How what was found compares with what the record says was found. */
typedef struct {
	GArray *found;		/* of Violation: now, by name of frame */
	GArray *end;		/* of Violation: recorded, and not to be seen in events */
	GArray *missing;	/* of Violation: recorded, and not found now */
	guint unrecorded;	/* how many of found are not in the record */
} Recheck;

/* All events of @record. */
Recheck *check_record(const Record *record);
void recheck_free(Recheck *recheck);

/* Whether @recheck found, or the record knows, a violation; what is documented is none. */
bool recheck_violates(const Recheck *recheck);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recheck, recheck_free)
