// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the schedule that just ran ended: from the stepper, the guest and the drgn beside it.
 */
#pragma once

#include "explore/session.h"
#include "schedule/outcome.h"

/* The caller's; NULL is an error of the rig. */
End *ending_of(Session *session, const Outcome *outcome, GError **error);
