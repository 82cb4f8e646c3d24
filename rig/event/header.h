// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who and what the events of a schedule are about: all that a check must know before the
 * first of them.
 */
#pragma once

#include "event/event.h"

/* What scenario and kernel say of themselves, and checks go by. */
typedef struct {
	bool frees_to_scratch;	/* a free leaves scratch in the PTE: every address is mapped at all times */
	int oops_actor;		/* ends in an oops, by a page fault … */
	int oops_page;		/* … on this watched page; both -1: nobody does */
	int succeeds;		/* the actor whose allocation nothing stands in the way of; -1: none */
} TraceDeclared;

static const TraceDeclared NOTHING_DECLARED = { .oops_actor = -1, .oops_page = -1, .succeeds = -1 };

typedef struct {
	int n_actors, n_pages;
	struct {
		const char *name;	/* interned */
		int vcpu;
	} actors[MAX_ACTORS];
	int arenas[MAX_PAGES];		/* index of the arena that each watched page belongs to */
	gint64 scratch[MAX_PAGES];	/* frame of that arena's scratch page; -1: none */
	guint64 ptes[MAX_PAGES];	/* raw, before the first event */
	guint64 uaddr[MAX_PAGES];	/* user address; 0: not known */
	TraceDeclared declared;
} TraceHeader;
