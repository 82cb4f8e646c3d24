// SPDX-License-Identifier: GPL-2.0-only
/*
 * From power-on to actors that are parked.  Booting takes most of it and is the same
 * for all scenarios of a kernel, so that state is kept, too (GuestSpec.booted).
 */
#pragma once

#include "observe/guest.h"

/* Whether @spec's kernel has been booted before: its machine then starts from that disk. */
bool boot_is_cached(const GuestSpec *spec);

/*
 * @guest has a machine and the symbols of kernel and PID 1, and gets its report.
 * @cached: what boot_is_cached() said when the machine was made.
 */
bool boot_and_park(Guest *guest, const GuestSpec *spec, bool cached, GError **error);

/* Until the guest has looped for @seconds of its time, on all vCPUs at once, or died of it. */
bool boot_and_stress(Guest *guest, const GuestSpec *spec, bool cached, int seconds, GError **error);
