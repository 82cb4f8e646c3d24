// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that run plans side by side, a thread and a QEMU each.
 *
 * All start from one snapshot, and an outcome is a function of its plan: which
 * worker ran it cannot be told from the outcome.
 */
#pragma once

#include "explore/session.h"
#include "schedule/plan.h"

typedef struct Workers Workers;

typedef struct {
	char *key;		/* of the plan */
	Outcome *outcome;
	GError *error;		/* or this */
} Result;

/*
 * @first is the session of the first worker and stays the caller's; the others
 * are started like it.  Every violation and one plan in @recheck (0: none) is run
 * twice and compared.
 */
Workers *workers_new(Session *first, int jobs, int recheck);

/* Waits for what is running. */
void workers_free(Workers *workers);

/* How many plans may be handed over before one has to wait. */
int workers_idle(const Workers *workers);

/* Takes @plan. */
void workers_start(Workers *workers, Plan *plan);

/* The next finished one, or NULL after @usec microseconds. */
Result *workers_wait(Workers *workers, gint64 usec);
void result_free(Result *result);

/* Time spent by all of them together, in microseconds. */
typedef struct {
	gint64 total, drgn;
	MachineTimes machine;
} WorkersTimes;
WorkersTimes workers_times(const Workers *workers);

/* How often a guest or a drgn of theirs was replaced; when nobody runs. */
int workers_restarts(const Workers *workers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Workers, workers_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Result, result_free)
