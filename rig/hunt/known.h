// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is written down of violations on released kernels: docs/findings/NAME.finding beside NAME.md.
 *
 *	[finding]
 *	title = a page is handed out before a reader's TLB is flushed
 *	kernels = stock;stock-prev
 *	[shape 1]
 *	violation = I7 stale-access
 *	interleaving = A … | B …		(hunt/signature.h; a '*' stands for anything)
 */
#pragma once

#include "hunt/hunted.h"

typedef struct {
	char *name, *title;
	char **kernels;
	GPtrArray *shapes;	/* of Shape */
} Known;

/* All of them, by name; elements are Known *.  RIG_ERROR_INPUT names file and line. */
GPtrArray *known_load(GError **error);

/* Whether @kernel, of @kind, has it: what stock has its mutants have, and kernels of your own. */
bool known_is_of(const Known *known, const char *kernel, const char *kind);

/* The one of @kernel that @hit is, or NULL. */
const Known *known_find(const GPtrArray *all, const char *kernel, const char *kind, const Hit *hit);
