// SPDX-License-Identifier: GPL-2.0-only
/*
 * Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with
 * probabilistic guarantees of finding bugs", ASPLOS 2010: the thread with the
 * highest of random priorities goes on; d - 1 times, at random steps, the one
 * about to run drops below all others.  A bug of depth d is hit with a probability
 * of at least 1 / (n k^(d-1)), n threads, k steps; k is taken from a first
 * schedule without preemptions.
 */
#include <math.h>

#include "schedule/numbered.h"

Policy *policy_pct_new(guint32 seed, int depth, int threads)
{
	Numbered *numbered = numbered_new("pct", REST_PCT, seed);

	numbered->depth = depth;
	numbered->threads = threads;
	return &numbered->policy;
}

double policy_pct_bound(const Policy *policy)
{
	const Numbered *numbered = (const Numbered *)policy;

	if (!numbered->length)
		return 0;
	return 1 / (numbered->threads * pow(numbered->length, numbered->depth - 1));
}
