// SPDX-License-Identifier: GPL-2.0-only
/*
 * What came of a plan: every step with what was enabled and pending before it,
 * how the schedule ended, and what it violated.
 *
 * An outcome is a pure function of its plan, so it can be kept in a journal and
 * taken from there instead of running the plan again.
 */
#pragma once

#include "event/violation.h"
#include "schedule/footprint.h"

typedef enum {
	END_DONE,		/* everybody returned, or nobody can */
	END_CYCLE,		/* came back to a state it had been in */
	END_ASLEEP,		/* only sleeping threads were left: explored elsewhere */
	END_STOPPED,		/* the plan asked for no more */
	END_REFUSED,		/* the plan names a thread that cannot go on */
	END_KNOWN,		/* at its sync, from where another has ended well; in no journal */
} OutcomeEnd;

typedef struct {
	ThreadSet enabled;	/* threads that could go on here */
	ThreadSet known;	/* … and those that wait for a lock: pending is valid */
	const Footprint *pending[MAX_THREADS];
	int thread;		/* who did; -1 in the state after the last step */
	const Footprint *done;	/* what the step really touched */
} Step;

typedef struct {
	GArray *steps;		/* of Step; the last one is the final state */
	OutcomeEnd end;
	guint cycle;		/* END_CYCLE: the step whose state came again */
	bool partial;		/* DONE, not all operations had returned: the end was judged in part */
	GArray *found;		/* of Violation: those that violate, then what is documented */
	const char *violates;	/* the first violated invariant, interned, or NULL */
	int event;		/* step that violated it; -1: seen at the end */
	char *grown;		/* END_CYCLE: what else is in memory than before, one a line, or NULL */
	char *differs;		/* … and makes it another state: it was cut for its length */
	char *calls;		/* that may fail, as "ACTOR WHAT SITE", a line each, and with "!" in front
				 * those that did; NULL: none */
	char *final_state;
	char *hash;		/* registers, watched memory and trace; NULL: not taken */
	char *schedule, *trace;	/* as in their files, of those worth keeping */
} Outcome;

Outcome *outcome_new(void);
void outcome_free(Outcome *outcome);

/* It ends behind its first @n steps, where it came to what is known. */
void outcome_cut(Outcome *outcome, guint n);

/* Keep a copy of @found; violations come before what is documented. */
void outcome_add(Outcome *outcome, const Violation *found);

static inline const Violation *outcome_found(const Outcome *outcome, guint i)
{
	return &g_array_index(outcome->found, Violation, i);
}

/* Whether it violates @invariant, and whether anything accepted was seen. */
bool outcome_violates(const Outcome *outcome, const char *invariant);
bool outcome_documents(const Outcome *outcome);

/* Steps executed. */
static inline guint outcome_length(const Outcome *outcome)
{
	return outcome->steps->len - 1;
}

static inline const Step *outcome_step(const Outcome *outcome, guint i)
{
	return &g_array_index(outcome->steps, Step, i);
}

/* So many steps show what it violates first: all, if only the end does. */
guint outcome_shown_after(const Outcome *outcome);

/* Context switches of the first @n steps. */
int outcome_switches(const Outcome *outcome, guint n);

/* One line of text and back; NULL when it is damaged.  The texts are kept only
 * of outcomes that violate or document something. */
char *outcome_format(const Outcome *outcome);
Outcome *outcome_parse(const char *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)
