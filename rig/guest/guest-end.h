// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest looks like when a schedule has ended, asked of the drgn beside it.
 */
#pragma once

#include "event/end.h"
#include "guest/guest.h"

/*
 * Fill in the groups, pages, words, reports and splats of @end, and of its actors the results.
 * @subject is the name of the module that drgn reads them with, and @frames, of guint64, those of
 * which it tells whether the allocator has them again.
 * RIG_ERROR_PROTOCOL when drgn's answer is not what it should be.
 */
bool guest_end(const Guest *guest, const char *subject, const GArray *frames, End *end, GError **error);
