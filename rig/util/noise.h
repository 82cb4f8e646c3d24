// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proof that no code reads what other code wrote for people.  With RACERIG_NOISE set in the
 * environment every sentence that goes through here becomes noise; all that is no sentence,
 * files for programs, exit codes, what is the same as what, must stay as it is to the byte.
 */
#pragma once

/* Takes @sentence and gives it back, or noise of it; the caller's.  NULL stays NULL. */
char *noise(char *sentence);

/* The same for a constant; it is interned. */
const char *noise_constant(const char *sentence);
