// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exploration walked, as a tree: a node is a decision, a leaf a schedule.
 *
 * Made from the outcomes that the explorer kept, not from another search; the same
 * whatever order they come in.
 */
#pragma once

#include "schedule/outcome.h"

typedef struct TreeNode TreeNode;

struct TreeNode {
	int thread;		/* who moved to get here; -1: the root */
	const Footprint *done;	/* … and what it touched */
	ThreadSet left_out;	/* threads that could go on here and were never chosen */
	GPtrArray *children;	/* of TreeNode, by thread */
	guint schedules, violating, documented, cycles, redundant;	/* below, and here */
	const Outcome *outcome;	/* the schedule that ends here, or NULL; not owned */
};

/* @outcomes (of Outcome) must live as long as the tree. */
TreeNode *tree_new(const GPtrArray *outcomes);
void tree_free(TreeNode *node);

/* "alloc: takes the lock": the move that led to @node, by the actors' names; the caller's. */
char *tree_describe(const TreeNode *node, char **actors);

/* "alloc", "alloc (interrupt)", "alloc (TLB drops)"; the caller's. */
char *tree_thread(int thread, char **actors);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeNode, tree_free)
