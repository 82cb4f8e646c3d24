// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any thread at every step, equally likely, by a seeded generator.
 */
#include "schedule/numbered.h"

Policy *policy_random_new(guint32 seed)
{
	return &numbered_new("random", REST_RANDOM, seed)->policy;
}
