// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariants by their stable ids: what each says, and where it is checked.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *id;		/* "I1" */
	const char *statement;	/* one line */
	const char *checked;	/* when */
} Invariant;

/* All of them in the order of their numbers; *@n is how many. */
const Invariant *invariant_list(gsize *n);
bool invariant_exists(const char *id);

/* "" when there is no such invariant. */
const char *invariant_statement(const char *id);
