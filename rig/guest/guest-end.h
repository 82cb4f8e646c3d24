// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest looks like when a schedule has ended, asked of the drgn beside it.
 */
#pragma once

#include "event/end.h"
#include "guest/guest.h"

/*
 * Fill in the arenas, pages, words, reports and splats of @end, and of its actors the results.
 * RIG_ERROR_PROTOCOL when drgn's answer is not what it should be.
 */
bool guest_end(const Guest *guest, End *end, GError **error);
