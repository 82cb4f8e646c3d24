// SPDX-License-Identifier: GPL-2.0-only
/*
 * A line of [expect]: 'clean', 'documented' or invariants, separated by ';'.  An invariant with the way
 * that it is violated, "I12/mapped-after-free", stands for no other way.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* It is a verdict, and no list of invariants. */
bool expect_text_is_verdict(const char *text);

/* Whether @word of a line stands for @violated: an invariant, with its way ("I7/read-old") or without. */
bool expect_text_covers(const char *word, const char *violated);

/* Whether one of @words does. */
bool expect_text_any_covers(char **words, const char *violated);

/* That the line of [@group] can be one; for whoever loads scenarios. */
bool expect_text_check(const char *path, const char *group, const char *kernel, const char *text,
		       GError **error);
