// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who and what the events of a schedule are about: all that a check must know before the
 * first of them.
 */
#pragma once

#include "event/tlb.h"

/* What scenario and kernel say of themselves, and checks go by. */
typedef struct {
	bool frees_to_scratch;	/* a free leaves scratch in the PTE: every address is mapped at all times */
	int oops_actor;		/* ends in an oops, by a page fault … */
	int oops_page;		/* … on this watched page; both -1: nobody does */
	int succeeds;		/* the actor whose allocation nothing stands in the way of; -1: none */
} TraceDeclared;

static const TraceDeclared NOTHING_DECLARED = { .oops_actor = -1, .oops_page = -1, .succeeds = -1 };

typedef struct {
	const char *setup, *operations;	/* what was done, as text, interned; NULL: a .c says it */
	int n_actors, n_pages;
	struct {
		const char *name;	/* interned */
		int vcpu;
		int process;		/* that it lives in, from 0 */
	} actors[MAX_ACTORS];
	int groups[MAX_PAGES];		/* index of the group that each watched page belongs to */
	int guards[MAX_PAGES];		/* index of the lock that guards its PTEs; -1: none */
	bool lazy[MAX_PAGES];		/* unmapped first, flushed by a purge: until then it may be used */
	gint64 scratch[MAX_PAGES];	/* frame of that group's scratch page; -1: none */
	/* PTEs that are watched besides the kernel's: of which page, and by whose address (Event.view) */
	int n_more;
	struct {
		int page, view;
	} more[MAX_PTES - 1];
	int n_locks, n_words;
	const char *locks[MAX_LOCKS], *words[MAX_WORDS];	/* names, interned */
	int word_guards[MAX_WORDS];	/* index of the lock that guards each word; -1: it counts … */
	int word_views[MAX_WORDS];	/* … the users of the process with this view; 0: of a page */
	int n_failing;			/* 0: no failures were explored */
	const char *failing[MAX_FAILING];	/* what may fail besides locks, interned */
	guint64 ptes[MAX_PTES];		/* raw, before the first event */
	guint64 uaddr[MAX_PAGES];	/* user address; 0: not known */
	TraceDeclared declared;
} TraceHeader;

/* How many PTEs are watched: of Event.before and Event.after as many mean something. */
static inline int header_ptes(const TraceHeader *header)
{
	return header->n_pages + header->n_more;
}

/* Where in Event.before and Event.after the PTE of @page and @view is; -1: it is not watched. */
static inline int header_slot(const TraceHeader *header, int page, int view)
{
	if (!view)
		return page;
	for (int i = 0; i < header->n_more; i++)
		if (header->more[i].page == page && header->more[i].view == view)
			return header->n_pages + i;
	return -1;
}

/* At the start each vCPU walks the tables of its actor's process. */
static inline TlbTables header_tables(const TraceHeader *header)
{
	TlbTables ret = { { 0 }, { 0 } };

	for (int i = 0; i < header->n_more; i++)
		ret.views[header->n_pages + i] = header->more[i].view;
	for (int i = 0; i < header->n_actors; i++)
		ret.roots[i] = header->actors[i].process + 1;
	return ret;
}

/* The name of what @event is about besides a page: an actor, a lock, a word, a call; NULL: nothing. */
static inline const char *header_target(const TraceHeader *header, const Event *event)
{
	const char *lock = event->lock < 0 ? NULL : header->locks[event->lock];

	switch (event->kind) {
	case EVENT_SEND:
		return header->actors[event->to].name;
	case EVENT_LOCK:
	case EVENT_UNLOCK:
	case EVENT_HOLD:
		return lock;
	case EVENT_CALL:
	case EVENT_FAIL:
		return event->gives_up ? lock : header->failing[event->failing];
	case EVENT_WORD:
		return header->words[event->word];
	default:
		return NULL;
	}
}
