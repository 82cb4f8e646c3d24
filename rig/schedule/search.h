// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack of a stateless depth-first search (Godefroid, "Model checking for
 * programming languages using VeriSoft", POPL 1997): what policy-dfs and
 * policy-dpor share.  They differ in which choices they add to a node.
 */
#pragma once

#include "schedule/policy.h"

typedef struct {
	Step step;		/* the state, and the thread that goes on in it now */
	ThreadSet wanted;	/* choices to be made here; invariant: has step.thread */
	ThreadSet done;		/* … whose subtrees are finished */
	ThreadSet asleep;	/* … that need not be: explored before, elsewhere */
	const Footprint *touched[MAX_THREADS];	/* by the steps of those done or asleep */
	guint8 queue[MAX_THREADS];	/* the wanted ones in the order they were added */
	guint n_queue;
	int cost;		/* bound used up by the steps before this node */
} Node;

typedef struct Search Search;

struct Search {
	Policy policy;		/* first: a Search is a Policy */
	/* Add what @outcome asks for; the stack mirrors its steps. */
	void (*grow)(Search *search, const Outcome *outcome);
	GArray *nodes;		/* of Node */
	BoundKind kind;
	int bound;
	bool sleep_sets;
	bool started;
	guint split;		/* so many first nodes are expanded in full */
	guint subtree;		/* … and below them are subtrees: the one at hand, from 0 */
	guint parts;		/* which are dealt out among so many */
	bool *here;		/* … of which these are explored here */
	GArray *weights;	/* of double, by subtree: how large it looks from its first schedule */
	guint *owner;		/* … and whose it is; NULL: not dealt out yet */
	bool lost;		/* there are more than there were: nothing more can be learnt */
};

void search_init(Search *search, const char *name,
		 void (*grow)(Search *, const Outcome *), BoundKind kind, int bound);

static inline Node *search_node(Search *search, guint i)
{
	return &g_array_index(search->nodes, Node, i);
}

/* Ask for @thread at @node, if it can go on there and the bound allows it. */
void search_want(Search *search, guint node, int thread);
