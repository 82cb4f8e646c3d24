// SPDX-License-Identifier: GPL-2.0-only
/*
 * All schedules of a policy, and the run folder they leave behind.
 *
 * The policy sees outcomes one after another, in its own order; guests work ahead
 * of it, and outcomes that a journal holds are not run again.  So neither the
 * number of guests nor an interruption changes what is found.
 */
#pragma once

#include "report/verdict.h"
#include "schedule/policy.h"
#include "explore/session.h"

typedef struct {
	int max_schedules;	/* 0: no limit */
	double max_seconds;	/* 0: no limit; between schedules only */
	const char *stop_at;	/* end with the first schedule that violates this; NULL: go on */
	int jobs;		/* guests */
	int recheck;		/* run violations and one plan in so many twice; 0: none */
	bool resume;
	const char *part;	/* "2/3" of a split exploration, or NULL; its saved schedules all get
				 * facts, since a merge may choose others */
	const char *out;	/* the run folder */
	const char *options;	/* the policy and its options, as one word; see below */
	const char *bound;	/* for a reader, or NULL */
} ExploreOptions;

/* The word for dfs and dpor; @preemptions < 0: no bound; @failures that there may be.  The caller's. */
char *explore_options(const char *policy, int preemptions, int failures);

/* The same of a split dpor; @part from 1, 0: all of it. */
char *explore_options_split(int depth, int part, int parts);

/*
 * All that decides what an exploration comes to, as the first line of its journal
 * has it.  The caller's.
 */
char *explore_identity(const Scenario *scenario, const Kernel *kernel, const char *snapshot,
		       const char *snapshot_sum, const char *options);

/*
 * Run until the policy has no more, a limit, or an interrupt.  What is finished
 * is written in every case; @ret says how far it got.
 */
bool explore(Session *session, Policy *policy, const ExploreOptions *options, Verdict **ret,
	     GError **error);
