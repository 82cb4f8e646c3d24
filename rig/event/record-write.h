// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writing half of record-json.c, which says what a trace looks like.
 */
#pragma once

#include "event/record.h"

/* By EventHalf; NULL-terminated. */
extern const char *const record_halves[];

/* The line of event @i; the caller's. */
JsonObject *record_event_json(const Record *record, guint i);
