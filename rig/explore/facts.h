// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is true of a saved schedule on this boot only, and so is no part of its
 * trace: PTE values, the registers before each decision, how often it was run
 * again and was the same.
 *
 * Exploring does not collect it: the schedule is run again for it, which takes
 * some 0.1 s a time.
 *
 *	{"racerig-facts":1,"replays":3,"identical":3,"frames":{"scratch":"0x…"},
 *	 "registers":[{NAME:"0x…",…},…]}	by decision, as regs_each() has them
 */
#pragma once

#include "explore/run.h"

/*
 * Replay schedules/@stem.sched of the run folder @out @times times (at least 1) and write
 * facts/@stem.json, and trace/@stem.jsonl if that is missing.  Runs that differ are a
 * fact, not an error.
 */
bool facts_write(Session *session, const char *out, const char *stem, int times, GError **error);
