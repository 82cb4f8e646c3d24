// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every interleaving, each exactly once; with a bound, every one within it
 * (Musuvathi, Qadeer, "Iterative context bounding for systematic testing of
 * multithreaded programs", PLDI 2007).
 */
#include "schedule/search.h"

static void want_all(Search *search, const Outcome *outcome)
{
	(void)outcome;
	for (guint i = 0; i < search->nodes->len; i++)
		thread_set_foreach(thread, &search_node(search, i)->step.enabled)
			search_want(search, i, thread);
}

Policy *policy_dfs_new(BoundKind kind, int bound)
{
	Search *search = g_new0(Search, 1);

	search_init(search, "dfs", want_all, kind, bound);
	return &search->policy;
}
