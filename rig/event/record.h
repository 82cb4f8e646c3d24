// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happened in one schedule and what was found in it: the one form that checks, texts and
 * pages read, live or from a file.
 *
 * Frames are known by names in order of appearance, so a trace is the same whatever physical
 * pages a boot handed out.  A record that was read back has frame numbers made up from the
 * names, and pcs that only say whether they are the kernel's.
 */
#pragma once

#include "event/end.h"
#include "event/header.h"
#include "event/tlb.h"
#include "event/violation.h"

enum { RECORD_VERSION = 11 };

typedef struct {
	Event event;
	guint n;		/* in the record, from 1 */
	guint number;		/* among the decisions, from 1; 0: follows from the one before */
	const char *where, *line, *insn;	/* of its instruction, interned; or NULL */
	Tlb tlb;		/* what the vCPUs may hold after it */
} RecordEvent;

typedef struct {
	TraceHeader header;
	GArray *events;		/* of RecordEvent */
	GArray *frames;		/* guint64: frame numbers in order of appearance */
	GArray *programs;	/* guint32: the same for BPF programs */
	End *end;		/* NULL: it has not ended yet */
	bool brief;		/* as text without what follows from the rest */
	GArray *found;		/* of Violation: those that violate, then what is documented */
} Record;

Record *record_new(const TraceHeader *header);
void record_free(Record *record);

/* Nothing has happened, and the watched PTEs are @ptes. */
void record_begin(Record *record, const guint64 *ptes);

/* Add @event with its place (interned strings, or NULL) and the TLBs after it. */
void record_add(Record *record, const Event *event, const char *where, const char *line,
		const char *insn, const Tlb *tlb);

/* How it ended; takes @end. */
void record_end(Record *record, End *end);

/* Add @found, and give it the name of its frame. */
void record_found(Record *record, const Violation *found);

static inline const RecordEvent *record_event(const Record *record, guint i)
{
	return &g_array_index(record->events, RecordEvent, i);
}

static inline const Violation *record_violation(const Record *record, guint i)
{
	return &g_array_index(record->found, Violation, i);
}

/* The name of a raw PTE: "none", "not present", "scratch", "scratch 2", "frame A"; interned. */
const char *record_pte(const Record *record, guint64 pte);
const char *record_frame(const Record *record, guint64 pfn);

/* The number of BPF program @id in traces, from 1; 0: it is in none of the events. */
guint record_program(const Record *record, guint32 id);

/* The name of the actor of @event. */
const char *record_actor(const Record *record, const Event *event);

/* How a schedule names event @i; the caller's. */
char *record_label(const Record *record, guint i);

/* The number of the decision that event @i is or follows from; 0: none came before. */
guint record_number(const Record *record, guint i);

/* The first violation, or what was documented; NULL: nothing. */
const Violation *record_main(const Record *record);

/* The trace as JSON lines (record-json.c says which); the caller's. */
char *record_json(const Record *record);

/* And back.  RIG_ERROR_INPUT names @name and the line. */
Record *record_parse(const char *text, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Record, record_free)
