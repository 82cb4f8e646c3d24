// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record of the schedule that runs: events as the stepper hands them out, with the places
 * of their instructions as the symbols know them.
 */
#pragma once

#include "check/check.h"
#include "event/record.h"
#include "step/stepper.h"

typedef struct Trace Trace;

/*
 * Nothing passed in is owned.  @setup, @operations: what is done, as text; NULL: a .c says it.
 * @failures: what may fail, or NULL.
 */
Trace *trace_new(const Guest *guest, const Stepper *stepper, const TraceDeclared *declared,
		 const char *setup, const char *operations, const Failures *failures);
void trace_free(Trace *trace);

/* A new schedule, which starts with @ptes. */
void trace_begin(Trace *trace, const guint64 *ptes);
/* @tlb: what the vCPUs may hold after it. */
void trace_add(Trace *trace, const Event *event, const Tlb *tlb);

/* How it ended; takes @end. */
void trace_end(Trace *trace, End *end);

/* Take over what @check has found: once, when the schedule has ended. */
void trace_found(Trace *trace, const Check *check);

/* So far; the trace's. */
const Record *trace_record(const Trace *trace);

/* Who and what it is about; the ptes are trace_begin()'s. */
const TraceHeader *trace_header(const Trace *trace);

/* How a schedule names decision @n, from 0; the caller's. */
char *trace_decision(const Trace *trace, guint n);

/* The raw PTE values of this boot by their names, as strings: {"frame A":"0x8000…163"}. */
JsonObject *trace_frames(const Trace *trace);

/* What tells one final state from another: results and PTEs. */
char *trace_final_state(const Trace *trace);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trace, trace_free)
