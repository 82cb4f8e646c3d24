// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events of one schedule: as JSON lines and as the numbered interleaving
 * reviewers read.
 *
 * PTE values get names in order of appearance, so two runs of one schedule give
 * the same bytes whatever frames the boot handed out.
 */
#pragma once

#include "check/check.h"
#include "observe/stepper.h"

typedef struct Trace Trace;

/* Nothing passed in is owned. */
Trace *trace_new(const Guest *guest, const Stepper *stepper);
void trace_free(Trace *trace);

void trace_begin(Trace *trace);
void trace_add(Trace *trace, const Event *event);

/* How a schedule names decision @n, from 0; the caller's. */
char *trace_decision(const Trace *trace, guint n);

/* One JSON object a line; version 2. */
char *trace_json(const Trace *trace);

/* One column a vCPU, 80 wide with up to three; @marked is the event a violation points at, or -1. */
char *trace_interleaving(const Trace *trace, int marked);

/* What tells one final state from another: results and PTEs. */
char *trace_final_state(const Trace *trace);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trace, trace_free)
