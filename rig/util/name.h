// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may be a name: the one rule for schedules, verdicts, journals, descriptors, what
 * the guest says and what the user types.  guest-kernel/names has the same for scripts.
 *
 * A name is 1 to 63 ASCII letters, digits, '.', '_' and '-', a letter or digit first: it
 * is a file name in one folder and no option, path, pattern or markup.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	NAME_SCENARIO,
	NAME_KERNEL,		/* NAME, or NAME@BASE */
	NAME_ACTOR,
	NAME_FEATURE,
	NAME_VARIANT,
	NAME_SCHEDULE,		/* of a saved schedule: "0001-I6" */
	NAME_INVARIANT,		/* I1 to I99, whether there is one or not */
	NAME_KEY,		/* of a build: 1 to 64 hexadecimal digits, lower case */
	NAME_FOLDER,		/* below another one: names (of kernels, too) with '/' between them */
} NameKind;

enum { NAME_MAX_LENGTH = 63 };

bool name_is(NameKind kind, const char *text);

/*
 * The same, or RIG_ERROR_INPUT: "WHERE: 'TEXT' is no name of a kernel (…)".  @where is what
 * the message begins with: "FILE:LINE"; NULL: nothing.
 */
bool name_check(NameKind kind, const char *text, const char *where, GError **error);

/* Text from outside as one line of printable ASCII, cut off where it is long; the caller's. */
char *name_shown(const char *text);
