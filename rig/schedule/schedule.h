// SPDX-License-Identifier: GPL-2.0-only
/*
 * A schedule: the list of decisions "this actor runs to its next event", "its vCPU
 * takes its interrupts now", "its TLB gives up what it holds" or "its call fails", and its text
 * form, which is all a replay needs.
 *
 *	racerig-schedule 5
 *	scenario fault-vs-alloc
 *	kernel stock 1f2e3d4c5b6a7988
 *	guest 1 1 1			(pages of each arena, arenas, processes; where a text
 *	setup alloc 0			 and no .c says what is done, with the text itself; no
 *	operations free 0 | read 0	 line 'setup' where nothing comes before)
 *	actors alloc fault
 *	failures 1			(calls that may fail are decisions, and so many may; else
 *					 no such line)
 *	violates I1			(a clean schedule has no such line)
 *	run fault access racerig_arena_read+0x4 page0
 *	irq fault			(its vCPU takes its interrupts)
 *	irq fault xchg …		(an event in one of them)
 *	evict fault
 *	fail alloc alloc-page bpf_map_alloc_pages+0x41
 *	…
 *	end 7				(the number of run, irq, evict and fail lines)
 *
 * No times, paths or process ids.  Pure data: no I/O but parse and format.
 */
#pragma once

#include "catalog/operations.h"
#include "schedule/plan.h"

typedef struct {
	int thread;		/* see event/thread.h */
	char *event;		/* the event it executes, as the trace names it */
} Decision;

typedef struct {
	char *scenario;
	char *kernel;		/* name */
	char *key;		/* build key of that kernel */
	char **actors;
	Operations *operations;	/* what they do, or NULL: the scenario's .c says it */
	int failures;		/* calls that may fail; 0: none, and they are no decisions */
	char *violates;		/* invariant id, or NULL */
	GArray *decisions;	/* of Decision */
} Schedule;

/* How many calls a schedule may have fail. */
enum { SCHEDULE_MAX_FAILURES = 9 };

/* @operations: a reference is taken; or NULL. */
Schedule *schedule_new(const char *scenario, const char *kernel, const char *key,
		       char **actors, Operations *operations);
/* Of a file: no schedule is a tenth as long. */
enum { SCHEDULE_MAX_BYTES = 4 << 20 };

void schedule_free(Schedule *schedule);

void schedule_add(Schedule *schedule, int thread, const char *event);

/* Keep the first @n decisions. */
void schedule_cut(Schedule *schedule, guint n);

/* Context switches: how often another thread goes on than the one before. */
int schedule_switches(const Schedule *schedule);

/* The plan that makes the same decisions and stops; the caller's. */
Plan *schedule_plan(const Schedule *schedule);

char *schedule_format(const Schedule *schedule);

/* @name is what errors call the text: "FILE:LINE: what; fix". */
Schedule *schedule_parse(const char *text, const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Schedule, schedule_free)
