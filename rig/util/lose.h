// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests: RACERIG_LOSE=WHAT,… takes what the rig relies on away behind its back.  A rig
 * that then does not say so is broken.
 */
#pragma once

#include <stdbool.h>

/* Whether @what is to be lost; the environment is read once. */
bool lose(const char *what);

/* Whether anything is. */
bool lose_anything(void);
