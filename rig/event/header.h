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
	guint64 ptes[MAX_PTES];		/* raw, before the first event */
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

/* The name of what @event is about besides a page: an actor, a lock, a word; NULL: nothing. */
static inline const char *header_target(const TraceHeader *header, const Event *event)
{
	switch (event->kind) {
	case EVENT_SEND:
		return header->actors[event->to].name;
	case EVENT_LOCK:
	case EVENT_UNLOCK:
		return header->locks[event->lock];
	case EVENT_WORD:
		return header->words[event->word];
	default:
		return NULL;
	}
}
