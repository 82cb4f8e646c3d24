// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pipeline: schedule -> step -> observe -> check, once per schedule.
 */
#pragma once

#include "schedule/policy.h"
#include "schedule/schedule.h"
#include "session.h"

typedef enum {
	RUN_ENDED,		/* every actor returned, crashed or waits for ever */
	/*
	 * Back in a state it has been in, so going on would only repeat it: cut
	 * there.  An unfair scheduler could stay in this circle (Musuvathi and
	 * Qadeer, "Fair stateless model checking", PLDI 2008).
	 */
	RUN_CIRCLE,
} RunEnd;

/*
 * Run one schedule as @policy chooses.  The session's trace and check hold what
 * happened.  @ret_diverged: the policy asked for an actor that could not move
 * (a replay on a guest that behaves differently); says what, else NULL.
 */
bool run_schedule(Session *session, Policy *policy, Schedule **ret, RunEnd *ret_end,
		  char **ret_diverged, GError **error);

/* Replay @schedule; as run_schedule(), and events must have the recorded names. */
bool run_replay(Session *session, const Schedule *schedule, char **ret_diverged,
		GError **error);
