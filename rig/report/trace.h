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
/* @tlb: what the vCPUs may hold after it. */
void trace_add(Trace *trace, const Event *event, const Tlb *tlb);

/* How a schedule names decision @n, from 0; the caller's. */
char *trace_decision(const Trace *trace, guint n);

/*
 * One JSON object a line; version 3:
 *
 *	{"racerig-trace":3,"actors":[…],"pages":N}
 *	{"n":1,"actor","vcpu","kind","event","decision","what","did"?,"irq"?,"page"?,
 *	 "line"?,"insn"?,"access"?,"faulted"?,"frame"?,"result"?,"before":[…],"after":[…],"tlb":[[[…]]]}
 *	…
 *	{"violates":"I1","event"?:n,"manifest","summary"}	("documented" for "violates", too)
 *
 * frame is what an access really used, where that was seen.  before and after name each
 * watched page's PTE; tlb names the frames that each actor's vCPU may hold, page by
 * page, after the event.
 */
char *trace_json(const Trace *trace, const Check *check);

/* Lines "0x8000000001a2b163 frame A": the PTE values of this boot; the caller's. */
char *trace_frames(const Trace *trace);

/* One column a vCPU, 80 wide with up to three; @marked is the event a violation points at, or -1. */
char *trace_interleaving(const Trace *trace, int marked);

/* What tells one final state from another: results and PTEs. */
char *trace_final_state(const Trace *trace);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trace, trace_free)
