// SPDX-License-Identifier: GPL-2.0-only
/*
 * What chooses the next actor.  Policies are pure: no clock, no I/O.
 *
 * begin() starts a schedule; when a schedule is begun again before end(), the
 * choices already made are made again.  end() says whether there is another.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Policy Policy;

struct Policy {
	const char *name;
	void (*begin)(Policy *policy);
	/* One of the bits in @enabled (never empty), as an index; -1: no such choice. */
	int (*choose)(Policy *policy, unsigned int enabled);
	bool (*end)(Policy *policy);
	void (*free)(Policy *policy);
};

/* Depth-first over all interleavings: each exactly once, in a fixed order. */
Policy *policy_dfs_new(void);

/* The given actors in the given order, then nothing. Copies them. */
Policy *policy_replay_new(const int *actors, guint n);

/* One actor alone, for as long as it can go on. */
Policy *policy_solo_new(int actor);

static inline void policy_free(Policy *policy)
{
	if (policy)
		policy->free(policy);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Policy, policy_free)
