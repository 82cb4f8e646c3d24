// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subjects: kinds of things that are watched.  What only one of them knows is in a folder
 * of its own below rig/subject/ that enters one row with SUBJECT() (and its own invariants with
 * INVARIANT()), and in analysis/helpers/subjects/; nothing else names it, and the rig
 * links without it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *name;	/* in scenarios, and of the module in analysis/helpers/subjects/ */
	bool tells_success;	/* what an actor returns says whether it has succeeded */
	const char *units[4];	/* the kernel's source files that it is in; the rest NULL */
} Subject;

/* Enter a row; once in its folder. */
#define SUBJECT(row) \
	static const Subject *const row##_entry \
		__attribute__((used, section("subjects"))) = &(row)

/* RIG_ERROR_INPUT says which there are; @where is what the message begins with. */
const Subject *subject_find(const char *name, const char *where, GError **error);
