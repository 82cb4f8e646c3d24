// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may fail in a guest.
 */
#pragma once

#include "guest/guest.h"
#include "step/failures.h"

/* Of the guest's @subject, for schedules in which something may; they wait for what a kernel worker has
 * left to do, since a free that gets no lock is done by one. */
bool failing_ask(Guest *guest, const char *subject, Failures *ret, GError **error);
