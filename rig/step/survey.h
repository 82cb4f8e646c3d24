// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a schedule touches that is no event: words that nobody watches, other locks, what could
 * have failed and did not, timers.
 *
 * One schedule is run with watchpoints and breakpoints on all of that, and they are counted.  The
 * stops cost guest time, so nothing else of that run is used.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "machine/machine.h"

/* Tokens: "user-pte", "word", "lock", "failure", "timer". */
typedef enum {
	SURVEY_USER_PTE,	/* a PTE of a watched page in a process */
	SURVEY_WORD,		/* of the subject's own structs */
	SURVEY_LOCK,		/* a call that takes a lock, the watched ones not among them */
	SURVEY_FAILURE,		/* a call that may fail, and was not made to */
	SURVEY_TIMER,		/* a timer interrupt that came by itself */
	SURVEY_KINDS,
} SurveyKind;

typedef struct {
	SurveyKind kind;
	const char *name;	/* interned: "bpf_arena.nr_pages", "mutex_lock" */
	guint64 addr;		/* 0: it is nowhere yet, and cannot be counted */
	int bytes;		/* watched there; 0: a function begins there */
	bool armed;
	guint count;
} SurveyItem;

/* Of SurveyItem, in the order drgn gave them; the caller's. */
GArray *survey_parse(JsonObject *answer, GError **error);

/* Break and watch on all of them, or no more. */
bool survey_arm(const GArray *survey, Machine *machine, bool arm, GError **error);

/* Count the stop of a vCPU at @pc; whether that is all there is to it. */
bool survey_take(GArray *survey, const Stop *stop, guint64 pc);

/* Whether there is anything of @kind to count. */
bool survey_has(const GArray *survey, SurveyKind kind);

/* How many of @kind were counted. */
guint survey_total(const GArray *survey, SurveyKind kind);

/* "word" */
const char *survey_token(SurveyKind kind);
