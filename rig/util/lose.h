// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests of the positive controls: RACERIG_LOSE=WHAT,… takes what the rig relies on away
 * behind its back.  A rig that then says anything but "blind" is broken.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether @what is to be lost. */
static inline bool lose(const char *what)
{
	const char *all = g_getenv("RACERIG_LOSE");

	if (!all)
		return false;
	g_auto(GStrv) words = g_strsplit(all, ",", -1);
	return g_strv_contains((const char *const *)words, what);
}
