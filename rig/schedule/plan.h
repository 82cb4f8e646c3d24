// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plan: which decisions come first, and by what rule the rest are made.
 *
 * Whoever runs it asks plan_choose() before every step and tells it what the
 * step touched; nothing else decides.  Pure: no clock, no I/O.
 */
#pragma once

#include "schedule/outcome.h"

typedef enum {
	REST_STAY,		/* go on with the same thread for as long as it can */
	REST_STOP,		/* nothing after the prefix */
	REST_RANDOM,		/* any thread, equally likely */
	REST_PCT,		/* priorities; see policy-pct.c */
} PlanRest;

typedef struct {
	GByteArray *prefix;	/* thread numbers */
	ThreadSet sleep;	/* asleep before the last decision of the prefix … */
	/* … and what their steps touched when they were run: more than can be known before,
	 * since a step takes along what nobody else can tell the time of */
	const Footprint *touched[MAX_THREADS];
	PlanRest rest;
	guint32 seed, number;	/* RANDOM, PCT: what the generator starts from */
	int depth, length;	/* PCT: bug depth d, steps k of a schedule */
	/* while it runs */
	guint step;
	ThreadSet asleep;
	int last;		/* thread of the last step; -1: none */
	GRand *rand;
	gint32 priority[MAX_THREADS];
	GArray *changes;	/* int: PCT's change points, in steps */
} Plan;

Plan *plan_new(const guint8 *prefix, guint n, PlanRest rest);
/* A plan that says the same, not begun. */
Plan *plan_copy(const Plan *plan);
void plan_free(Plan *plan);

/* Two plans with one key are one plan; the caller's. */
char *plan_key(const Plan *plan);

void plan_begin(Plan *plan);

/* A thread of @enabled, or what the schedule ends with (never DONE). */
int plan_choose(Plan *plan, const ThreadSet *enabled, OutcomeEnd *ret_end);

/* Behind @step, which is the next one, the plan prescribes nothing more, and nobody sleeps. */
bool plan_is_open_after(const Plan *plan, const Step *step);

/* The step chosen last, as it was: its state, its thread, what it touched. */
void plan_stepped(Plan *plan, const Step *step);

/* Asleep after @step when @asleep were before it and are known to have @touched that. */
ThreadSet plan_sleep_after(const ThreadSet *asleep, const Footprint *const *touched,
			   const Step *step);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)
