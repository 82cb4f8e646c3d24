// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of a trace as JSON, for record-json.c, which says what is in them.
 *
 * Readers return false or NULL when a member is wrong or missing; without an error where it is
 * one, but nothing that can have happened.
 */
#pragma once

#include "event/record.h"
#include "util/json.h"

enum { RECORD_MAX_LINES = 100000 };

/* The frame number that stands for @name when it is read back. */
bool record_read_frame(const char *name, guint64 *ret);

/* The raw PTE of a name and the other bits. */
bool record_read_pte(const char *name, const char *bits, guint64 *ret);

/* The actor that @member names. */
bool record_read_actor(const TraceHeader *header, const Json *json, const char *member, int *ret,
		       GError **error);

/* Where @name is among @n names; -1: nowhere. */
int record_index_of(const char *const *names, int n, const char *name);

/* What an event of its kind has, into @event, whose kind, page and slot are known. */
bool record_read_by_kind(const Record *record, const Json *json, Event *event, GError **error);

/* The bits of @pte that are no frame, as text; the caller's. */
char *record_bits(guint64 pte);

/* The line behind the events; the caller's. */
JsonObject *record_end_json(const Record *record);
End *record_read_end(const Record *record, const Json *json, GError **error);
