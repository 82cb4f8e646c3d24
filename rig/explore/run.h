// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pipeline: schedule -> step -> event -> check, once per schedule.
 */
#pragma once

#include "schedule/schedule.h"
#include "explore/session.h"

/* False: an operation's verb is in @absent (bits of verb), so @kernel has nothing for it, as @error says. */
bool run_has_verbs(const Operations *operations, const Kernel *kernel, guint64 absent, GError **error);

/* Run @plan; the session's trace and check keep what happened. */
Outcome *run_plan(Session *session, Plan *plan, GError **error);

/*
 * The same, twice: the decisions of the first run again, and another trace,
 * other registers or other watched memory is an error that names the first event
 * that differs.
 */
Outcome *run_plan_twice(Session *session, Plan *plan, GError **error);

/*
 * Run @schedule again.  *@ret_diverged is NULL, or says which event was not the
 * recorded one.
 */
Outcome *run_schedule(Session *session, const Schedule *schedule, char **ret_diverged,
		      GError **error);

/*
 * Run @follow's schedule, of another build, as far as it can be followed here, and then on
 * to the end; its notes say where it could not.
 */
Outcome *run_follow(Session *session, Follow *follow, GError **error);

/* The decisions of the last run, as a schedule of @session's; the caller's. */
Schedule *run_decisions(const Session *session, const Outcome *outcome);

/* The first differing line of two texts, from 1. */
int run_first_difference(const char *a, const char *b);
