// SPDX-License-Identifier: GPL-2.0-only
/*
 * When to give a search up: as soon as its tree looks too large, and not only when all that it may
 * take is spent.  A function of what the policy has seen, so it is the same on every machine.
 */
#pragma once

#include "schedule/policy.h"

/*
 * Whether @policy, which was told of @executed schedules, is to go on no longer where @max are
 * allowed.  The estimate is Knuth's (Policy.fraction), which does not know of choices that nobody has
 * asked for yet and mostly is too small; it is believed after a number of schedules, and from
 * twice @max on.
 */
bool patience_is_over(Policy *policy, int executed, int max);
