// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subjects: kinds of things that are watched.  What only one of them knows is in a folder
 * of its own below rig/subject/ that enters one row with SUBJECT() (and its own invariants with
 * INVARIANT()), and in analysis/helpers/subjects/; nothing else names it, and the rig
 * links without it.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

struct Check;
struct Guest;

typedef struct {
	const char *name;	/* in scenarios, and of the module in analysis/helpers/subjects/ */
	/*
	 * Add to @request what its invariants must know when a schedule has ended, besides what
	 * every subject has (see serve.py).  @oopser: the actor that was to end in an oops, or -1.
	 */
	void (*add_facts)(JsonObject *request, const struct Check *check,
			  const struct Guest *guest, int oopser);
	/* @actor, which the scenario says succeeds, has returned @result; NULL: it promises none. */
	void (*judge_success)(struct Check *check, int actor, gint64 result);
} Subject;

/* Enter a row; once in its folder. */
#define SUBJECT(row) \
	static const Subject *const row##_entry \
		__attribute__((used, section("subjects"))) = &(row)

/* RIG_ERROR_INPUT says which there are; @where is what the message begins with. */
const Subject *subject_find(const char *name, const char *where, GError **error);
