// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plans told apart by a number only: what the randomised policies share.
 * They never end by themselves.
 */
#pragma once

#include "schedule/policy.h"

typedef struct {
	Policy policy;		/* first: a Numbered is a Policy */
	PlanRest rest;
	guint32 seed, number;
	/* PCT's; number 0 then runs without preemptions, to learn the length */
	int depth, length, threads;
} Numbered;

Numbered *numbered_new(const char *name, PlanRest rest, guint32 seed);
