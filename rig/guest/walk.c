// SPDX-License-Identifier: GPL-2.0-only
#include "guest/walk.h"

#include "event/event.h"

guint64 walk_user_pte(Machine *machine, guint64 cr3, guint64 uaddr)
{
	enum { TOP_SHIFT = 39, BITS = 9 };
	guint64 entry = (cr3 & PTE_PFN_MASK) | PTE_PRESENT;

	for (int shift = TOP_SHIFT; shift >= 12 && pte_present(entry); shift -= BITS) {
		guint64 at = (entry & PTE_PFN_MASK) + 8 * (uaddr >> shift & ((1 << BITS) - 1));

		/* A table beyond RAM reads as zeroes: nothing is there. */
		if (!machine_has_phys(machine, at, sizeof(entry)))
			return 0;
		entry = machine_phys64(machine, at);
	}
	return pte_present(entry) ? entry : 0;
}
