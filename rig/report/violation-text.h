// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one place where a violation becomes a sentence: text, pages and tables call it, and
 * nothing reads what it made.
 */
#pragma once

#include "event/violation.h"

/* "the scratch page replaced the allocated page in the PTE of page 0"; the caller's. */
char *violation_text(const Violation *violation);

/* A line each, the kind where it is not seen: "I7 (possible): …\n"; the caller's. */
char *violations_text(const GArray *violations);

/* "seen: it happened", … */
const char *violation_kind_text(const Violation *violation);
