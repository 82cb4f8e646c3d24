// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest schedule that violates what a given one violates: the fewest
 * context switches, then the fewest events.
 */
#pragma once

#include "explore/smallest.h"

/*
 * Search all schedules with no switches, with one, and so on, up to @max_schedules
 * in all.  @ret is no longer than @schedule; RIG_ERROR_GUEST when @schedule itself
 * violates nothing (any more).
 */
bool minimise(Session *session, const Schedule *schedule, int max_schedules, Schedule **ret,
	      Minimum *ret_minimum, GError **error);
