// SPDX-License-Identifier: GPL-2.0-only
/*
 * A line of [expect]: 'clean', 'documented' or invariants, separated by ';'.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* It is a verdict, and no list of invariants. */
bool expect_text_is_verdict(const char *text);

/* That the line of [@group] can be one; for whoever loads scenarios. */
bool expect_text_check(const char *path, const char *group, const char *kernel, const char *text,
		       GError **error);
