// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/patience.h"

enum {
	FIRST = 16,		/* schedules before an estimate is worth anything … */
	DOUBT = 2,		/* … by this factor */
};

bool patience_is_over(Policy *policy, int executed, int max)
{
	return executed >= max ||
	       (executed >= FIRST && policy->fraction &&
		executed > policy->fraction(policy) * max * DOUBT);
}
