// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fixed choices: a recorded schedule, or one actor alone.
 */
#include "schedule/policy.h"

typedef struct {
	Policy policy;
	GArray *actors;		/* of int; empty for solo */
	int solo;		/* -1 for replay */
	guint depth;
} Replay;

static void replay_begin(Policy *policy)
{
	((Replay *)policy)->depth = 0;
}

static int replay_choose(Policy *policy, unsigned int enabled)
{
	Replay *replay = (Replay *)policy;
	int actor = replay->solo;

	if (actor < 0) {
		if (replay->depth == replay->actors->len)
			return -1;
		actor = g_array_index(replay->actors, int, replay->depth++);
	}
	return enabled & (1u << actor) ? actor : -1;
}

static bool replay_end(Policy *policy)
{
	(void)policy;
	return false;
}

static void replay_free(Policy *policy)
{
	g_array_unref(((Replay *)policy)->actors);
	g_free(policy);
}

static Policy *new_replay(const char *name, int solo, const int *actors, guint n)
{
	Replay *replay = g_new0(Replay, 1);

	replay->policy = (Policy){ name, replay_begin, replay_choose, replay_end, replay_free };
	replay->actors = g_array_new(FALSE, FALSE, sizeof(int));
	replay->solo = solo;
	if (n)
		g_array_append_vals(replay->actors, actors, n);
	return &replay->policy;
}

Policy *policy_replay_new(const int *actors, guint n)
{
	return new_replay("replay", -1, actors, n);
}

Policy *policy_solo_new(int actor)
{
	return new_replay("solo", actor, NULL, 0);
}
