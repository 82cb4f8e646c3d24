// SPDX-License-Identifier: GPL-2.0-only
/*
 * All schedules of a policy, and the run folder they leave behind:
 * verdict.json, schedules/, trace/, console.log.
 */
#pragma once

#include "report/verdict.h"
#include "run.h"

typedef struct {
	int max_schedules;	/* 0: no limit */
	double max_seconds;	/* 0: no limit; between schedules only */
	const char *out;	/* the run folder; made when the first result is there */
} ExploreLimits;

/* Whether @out is free or a run folder; asked before anything is started. */
bool explore_may_write(const char *out, GError **error);

/*
 * Run until the policy has no more, a limit, or an interrupt.  What is finished
 * is written in every case; @ret says how far it got.
 */
bool explore(Session *session, Policy *policy, const ExploreLimits *limits, Verdict **ret,
	     GError **error);
