// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who and what the events of a schedule are about: all that a check must know before the
 * first of them.
 */
#pragma once

#include "event/event.h"

typedef struct {
	const char *setup, *operations;	/* what was done, as text, interned; NULL: a .c says it */
	int n_actors, n_pages;
	struct {
		const char *name;	/* interned */
		int vcpu;
	} actors[MAX_ACTORS];
	int arenas[MAX_PAGES];		/* index of the arena that each watched page belongs to */
	gint64 scratch[MAX_PAGES];	/* frame of that arena's scratch page; -1: none */
	guint64 ptes[MAX_PAGES];	/* raw, before the first event */
} TraceHeader;
