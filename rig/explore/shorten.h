// SPDX-License-Identifier: GPL-2.0-only
/*
 * A schedule that violates what a given one violates, with as few context switches as can be had by
 * putting together two blocks of one thread, again and again, and then as few events as by ending blocks
 * earlier: a smallest one among its neighbours, found in tens of schedules where explore/minimise.h takes
 * hundreds to show that there is no smaller one at all.
 */
#pragma once

#include "explore/smallest.h"

/* As minimise(); nothing is ever proven. */
bool shorten(Session *session, const Schedule *schedule, int max_schedules, Schedule **ret,
	     Minimum *ret_minimum, GError **error);
