// SPDX-License-Identifier: GPL-2.0-only
/*
 * From power-on to actors that are parked.  Booting takes most of it and is the same
 * for all scenarios of a kernel, so that state is kept, too (GuestSpec.booted).
 */
#pragma once

#include "guest/spec.h"
#include "guest/symbols.h"
#include "lib/guest-abi.h"
#include "machine/machine.h"

/* What a boot works on; nothing is owned. */
typedef struct {
	Machine *machine;
	Symbols *symbols;		/* of kernel and PID 1 */
	struct guest_report *report;	/* gets what the guest reports */
	bool native;			/* on the host's own CPUs: it boots in seconds, or not at all */
} Boot;

/* Whether @spec's kernel has been booted before: its machine then starts from that disk. */
bool boot_is_cached(const GuestSpec *spec);

/*
 * Every actor parked, and the guest's report read.
 * @cached: what boot_is_cached() said when the machine was made.
 */
bool boot_and_park(Boot *boot, const GuestSpec *spec, bool cached, GError **error);

/* How loops that nobody controlled came to their end. */
typedef enum {
	LOOPS_ENDED,		/* the time was over, and every operation has returned */
	LOOPS_DIED,		/* the kernel panicked, or reset */
	LOOPS_HUNG,		/* the time was over, and some actor never came back */
} LoopsEnd;

/* Every actor about to loop for @seconds of the guest's time, and its report read; without snapshots. */
bool boot_to_loops(Boot *boot, const GuestSpec *spec, int seconds, GError **error);

/* All vCPUs at once, until that is over one way or another: the guest stands where it was then. */
bool boot_loop(Boot *boot, int seconds, LoopsEnd *ret, GError **error);
