// SPDX-License-Identifier: GPL-2.0-only
/*
 * From events to footprints: which objects an event touches, or will touch.
 */
#pragma once

#include "event/event.h"
#include "schedule/footprint.h"

/* What a pending event may touch. */
Footprint touch_pending(const Event *event);

/*
 * What a step touched: its event, which is known to have written only if a PTE
 * changed, and the locks and TLBs of what followed.
 */
Footprint touch_done(const GArray *events);
