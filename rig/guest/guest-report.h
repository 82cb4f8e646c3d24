// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest says of itself, as a stranger's: nothing in it is used before it was
 * found here to be possible.  Pure: bytes in, verdict out.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "lib/guest-abi.h"

/* It speaks our version, and its text ends; the rest may not be filled in yet. */
bool guest_report_readable(struct guest_report *report, GError **error);

/*
 * As it must be when the actors are parked on @vcpus vCPUs: counts in range, actor n on
 * vCPU n with a name of its own, pages in user space, the same number in each arena.
 * RIG_ERROR_GUEST says what is not.
 */
bool guest_report_check(const struct guest_report *report, int vcpus, GError **error);

/* The panic or else the last line on @console, as one line that can be printed; the caller's. */
char *guest_console_end(const char *console);
