// SPDX-License-Identifier: GPL-2.0-only
/*
 * What to run next.  Policies are pure: no clock, no I/O, and nothing but the
 * outcomes they are told.  So an exploration that is told the outcomes of an
 * earlier one goes the same way (resume), and outcomes may be worked out ahead
 * (jobs) without changing where it goes.
 */
#pragma once

#include "schedule/plan.h"

typedef struct Policy Policy;

/* The outcome of a plan that was worked out ahead, or NULL; the callee's. */
typedef const Outcome *PolicyKnown(gpointer data, const Plan *plan);

struct Policy {
	const char *name;
	/* The next plan, or NULL: all done.  The caller's. */
	Plan *(*next)(Policy *policy);
	/* What came of the plan last given out; false: it cannot be. */
	bool (*learn)(Policy *policy, const Outcome *outcome);
	/* Plans likely to be asked for later, nearest first, at most @n: none that is @known. */
	guint (*foresee)(Policy *policy, PolicyKnown *known, gpointer data, Plan **ret, guint n);
	/* Share of the whole that is done, by the tree known so far; NULL: unknown. */
	double (*fraction)(Policy *policy);
	void (*free)(Policy *policy);
	guint64 pruned;		/* choices never made: equivalent to others, or out of bound */
	guint frontier;		/* choices known and not yet made */
	/* Of the plan given out last, where the first decisions are split (below): */
	int part;		/* whose it is, from 0; -1: everybody runs it, will be given it again
				 * and wants the same outcome then */
	bool elsewhere;		/* it does not count: not yet, or in another part */
	guint subtrees;		/* how many there are, once they are dealt out */
	guint subtrees_here;
	double largest;		/* of them, as a share of all, by the estimate */
};

typedef enum {
	BOUND_NONE,
	BOUND_PREEMPTIONS,	/* leaving a thread that could go on */
	BOUND_SWITCHES,		/* any change of thread */
} BoundKind;

/* All interleavings (within a bound), each exactly once. */
Policy *policy_dfs_new(BoundKind kind, int bound);

/* All interleavings up to the order of independent events; @preemptions < 0: no bound. */
Policy *policy_dpor_new(int preemptions);

/*
 * The same without a bound, and the first @depth decisions expanded in full: every subtree below
 * them is explored without regard to the others but for its sleep set, so that each may be explored
 * somewhere else.  With more than one of @parts the first schedule of every subtree comes first: from it
 * is estimated how large they are, and they are dealt out, the largest first, to whoever has least.
 * This policy explores those of the parts that are @here (@parts of them).  What is dealt out is a
 * function of outcomes, so all parts come to the same, and together they run what one runs.
 */
Policy *policy_dpor_split_new(guint depth, const bool *here, guint parts);

Policy *policy_random_new(guint32 seed);

/* @depth: d of the paper, at least 1; @threads: its n. */
Policy *policy_pct_new(guint32 seed, int depth, int threads);

/* PCT's promise: a bug of depth d is hit with at least this probability; 0: not known yet. */
double policy_pct_bound(const Policy *policy);

static inline void policy_free(Policy *policy)
{
	if (policy)
		policy->free(policy);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Policy, policy_free)
