// SPDX-License-Identifier: GPL-2.0-only
/* When what is taken for granted is looked at all the same. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The 1st, 2nd, 4th, 8th … time, before much rests on it, and then every @every-th. */
static inline bool is_sample(guint n, guint every)
{
	return n % every == 0 || (n & (n - 1)) == 0;
}
