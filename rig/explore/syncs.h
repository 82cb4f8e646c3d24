// SPDX-License-Identifier: GPL-2.0-only
/*
 * The states in which schedules of one exploration have come to their actors' sync.
 *
 * Behind it nobody has a choice but a vCPU that may drop what its TLB holds, so what comes of it
 * is a function of the state there: registers, all of the guest's memory, what the models of TLBs and of
 * ownership have noted.  A schedule that comes to a state from which every way on has ended well ends
 * there; some are run on all the same, and must end as they did before.  What is left out of the memory
 * is where nothing can be read before it is written: stacks of calls that have returned, since all
 * actors are in user space.
 */
#pragma once

#include "check/check.h"
#include "guest/guest.h"
#include "schedule/outcome.h"
#include "step/stepper.h"

typedef struct Syncs Syncs;

typedef enum {
	SYNC_OTHER,		/* not seen before, or not all well from there: run on */
	SYNC_KNOWN,		/* all has ended well from there */
	SYNC_AGAIN,		/* the same, and this time it is to be shown */
} SyncState;

Syncs *syncs_new(void);
void syncs_free(Syncs *syncs);

/* Forget all: another exploration. */
void syncs_begin(Syncs *syncs);

/* A schedule begins, or begins anew. */
void syncs_forget(Syncs *syncs);

/*
 * The guest stands with all actors at their sync; @step of the schedule was the last.
 * @open: it may go on from here in every way, and all ways have been taken where that state was seen before.
 */
bool syncs_at(Syncs *syncs, const Guest *guest, const Stepper *stepper, const Check *check, bool open,
	      guint step, SyncState *ret, GError **error);

/* Somebody had to wait for time to pass, which is in no state. */
void syncs_waited(Syncs *syncs);

/*
 * The schedule has ended with @outcome.  RIG_ERROR_MACHINE: not as it did before from that state.  What was
 * run on only to be shown is cut behind its sync, like those that are not.
 */
bool syncs_end(Syncs *syncs, Outcome *outcome, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Syncs, syncs_free)
