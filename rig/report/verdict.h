// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.json, the machine-readable truth, and run.json, how one run came to it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "catalog/origin.h"
#include "event/violation.h"
#include "step/control.h"
#include "step/survey.h"

enum { VERDICT_VERSION = 7, RUN_VERSION = 3 };

/* In JSON one object: the violation's members and these. */
typedef struct {
	Violation found;
	char *schedule;		/* file name in the run folder */
	int events, switches;	/* of that schedule: decisions, context switches */
} VerdictViolation;

/* Where the guests' time went, in seconds. */
typedef struct {
	double total, restore, guest, stub, drgn;
	/* And how often: the guest ran and stopped, packets to the stub, writes that they took. */
	guint64 stops, packets, writes;
} VerdictTimes;

typedef struct {
	char *scenario, *kernel, *policy;
	char *title, *kernel_kind, *kernel_title, *kernel_release;
	char *setup, *operations;	/* what was done, as text; NULL: a .c says it */
	int pages, arenas, processes;	/* of the guest that the text takes */
	char **unseen_verbs;	/* verbs in it whose doings are no events; NULL: none */
	char **unwatched;	/* operations_unwatched(), of it */
	char *bound;		/* "2 preemptions", or NULL: none */
	int failures;		/* calls that may fail in a schedule; 0: none were asked to */
	GHashTable *failed;	/* "ACTOR WHAT SITE" -> schedules in which that failed, as a number */
	char *part;		/* "2/3" of a split exploration: never clean, or complete; or NULL */
	bool part_done;		/* … all that is in it */
	const char *verdict;	/* clean, documented, violation, inconclusive */
	int documented;		/* executed schedules that violate nothing, with an accepted anomaly */
	bool complete;
	int executed, violating, distinct_final_states;
	int redundant;		/* begun, and found to be equivalent to one executed */
	int restarts;		/* of QEMU and drgn, which died without the guest's fault; run.json's */
	int resumed;		/* of both, those that an earlier run left in the journal */
	guint64 pruned;		/* choices not made: equivalent to others, or out of bound */
	GList *final_states;	/* strings, sorted */
	VerdictTimes spent_s;
	int partial;		/* executed schedules whose end was judged in part: somebody was half done */
	int cycles;		/* executed schedules cut where they began to repeat */
	GHashTable *grown;	/* set of names: what was not the same in memory there, and may grow */
	int unsettled;		/* executed schedules cut where only memory was another, … */
	GHashTable *differs;	/* … and set of names: what that was */
	double wall_s;
	char *kernel_source, *kernel_key, *kernel_patches, *config_sha256, *qemu;
	Origin origin;		/* what built the kernel */
	/* of run.json: libvirt URI, or NULL; path of our own QEMU, or NULL */
	char *connect, *emulator;
	bool irq_events;	/* interrupts count as events, from the start or after exploring anew */
	char *snapshot, *snapshot_sum;	/* what the guest started from: its name, its contents */
	GPtrArray *violations;	/* of VerdictViolation, in the saved schedules */
	GPtrArray *accepted;	/* the same for what is documented: the first of each reason */
	Controls controls;	/* what was seen to be reported before the first schedule */
	GArray *unseen;		/* of SurveyItem: what was touched and is no event; NULL: not counted */
	char **absent_hooks;	/* functions that other kernels have, and that are not watched here */
} Verdict;

Verdict *verdict_new(void);
void verdict_free(Verdict *verdict);

/* Add a copy of @found to violations or accepted. */
void verdict_add(Verdict *verdict, const Violation *found, const char *schedule, int events,
		 int switches);

/* The violated invariants, one for each violation, and with the way: "I7/read-old"; the caller's. */
char **verdict_invariants(const Verdict *verdict);
char **verdict_violated(const Verdict *verdict);

/* The names in @set, sorted, with commas; the caller's. */
char *verdict_names(GHashTable *set);

/* Schedules a second of this run; what was resumed does not count. */
double verdict_rate(const Verdict *verdict);

/*
 * What expanding the first decisions in full cost, as a sentence; the caller's; NULL: nothing ran.
 * @before: how many schedules are begun without a split, -1 where nobody knows.  A schedule that ends is
 * of an equivalence class of its own, which no exploration can leave out: only those that were begun
 * in vain can be more than without a split, which is a limit where @before is not known.
 */
char *verdict_split_text(const Verdict *verdict, gint64 before);

/*
 * verdict.json, newline included: the same bytes for the same build, scenario and options,
 * whatever host, clock or number of guests.  The caller's.
 */
char *verdict_json(const Verdict *verdict);

/* run.json: what is true of this one run, times and where it was.  The caller's. */
char *verdict_run_json(const Verdict *verdict);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Verdict, verdict_free)
