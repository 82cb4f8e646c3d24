// SPDX-License-Identifier: GPL-2.0-only
/*
 * The uncontrolled baseline: every actor in a loop that undoes itself, all vCPUs at once, and nobody
 * who watches.  There are no events, so what is judged is the guest as drgn finds it when the loops are over,
 * by those reasons of the invariants that take no more (REASON_STATE).
 */
#pragma once

#include "catalog/kernel.h"
#include "catalog/scenario.h"
#include "guest/boot.h"

typedef struct {
	LoopsEnd how;
	GArray *found;		/* of Violation */
	char *unread;		/* why drgn could not say how it ended, or NULL: not judged by it */
	char *console;
	bool scratch_written;	/* the scenario may store to the scratch page, so it need not be zero */
} Stress;

/* @connect: as for a session; @accel: not ACCEL_CONTROLLED. */
Stress *stress_run(const Scenario *scenario, const Kernel *kernel, const char *connect, MachineAccel accel,
		   int seconds, GCancellable *cancel, GError **error);
void stress_free(Stress *stress);

/* Whether the loops show that the kernel is wrong: nothing else is said of it. */
bool stress_found(const Stress *stress);

/* "I3 no-reference, I4 free-maps-page, …": what @stress was judged by; the caller's. */
char *stress_checks(const Stress *stress);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stress, stress_free)
