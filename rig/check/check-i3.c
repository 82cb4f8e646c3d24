// SPDX-License-Identifier: GPL-2.0-only
/*
 * I3: the scratch page is never freed and its reference count never drops to zero while the
 * arena lives.
 * Source: apply_range_clear_cb(), "Without the skip, scratch_page would be freed".
 *
 * What is left at the end is drgn's to count.  Here: the arena's end frees it only once.
 * Broken by: destroy-frees-scratch in destroy-with-scratch.
 */
#include "check/check.h"

void check_i3(Check *check, const Event *event)
{
	if (event->kind == EVENT_FREE && event->freed && check_is_scratch_pfn(check, event->pfn))
		check_violation(check, "I3", check->n_events,
				"the scratch page is given back and is free already");
}
