// SPDX-License-Identifier: GPL-2.0-only
/*
 * What came of a plan: every step with what was enabled and pending before it,
 * how the schedule ended, and what it violated.
 *
 * An outcome is a pure function of its plan, so it can be kept in a journal and
 * taken from there instead of running the plan again.
 */
#pragma once

#include "schedule/footprint.h"

typedef enum {
	END_DONE,		/* everybody returned, or nobody can */
	END_CIRCLE,		/* came back to a state it had been in */
	END_ASLEEP,		/* only sleeping threads were left: explored elsewhere */
	END_STOPPED,		/* the plan asked for no more */
	END_REFUSED,		/* the plan names a thread that cannot go on */
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
	guint circle;		/* END_CIRCLE: the step whose state came again */
	char *documented;	/* an accepted anomaly, in a sentence, or NULL */
	char *violates;		/* the first violated invariant, or NULL */
	int event;		/* step that violated it; -1: seen at the end */
	char *final_state;
	char *hash;		/* registers, watched memory and trace; NULL: not taken */
	char *violations;	/* "I1: summary\nI7 (possible): summary\n" or NULL */
	char *schedule, *trace, *interleaving;	/* texts, of those worth keeping */
} Outcome;

Outcome *outcome_new(void);
void outcome_free(Outcome *outcome);

/* Steps executed. */
static inline guint outcome_length(const Outcome *outcome)
{
	return outcome->steps->len - 1;
}

static inline const Step *outcome_step(const Outcome *outcome, guint i)
{
	return &g_array_index(outcome->steps, Step, i);
}

/* One line of text and back; NULL when it is damaged.  The texts are kept only
 * of outcomes that violate or document something. */
char *outcome_format(const Outcome *outcome);
Outcome *outcome_parse(const char *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)
