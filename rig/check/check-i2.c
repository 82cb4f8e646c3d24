// SPDX-License-Identifier: GPL-2.0-only
/*
 * I2: after a successful alloc of an address and until its free, its PTE maps
 * exactly the page handed out.
 */
#include "check/check.h"

void check_i2(Check *check, const Event *event)
{
	for (int i = 0; i < check->n_pages; i++) {
		Ownership *page = &check->pages[i];
		guint64 now = event->after[i];
		bool maps = pte_present(now) && pte_pfn(now) == page->pfn;

		if (!page->owned || maps || page->lost)
			continue;
		page->lost = true;
		check_violation(check, "I2", check->n_events,
				"page %d is allocated and its PTE no longer maps the page "
				"handed out", i);
	}
}
