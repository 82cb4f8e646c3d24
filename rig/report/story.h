// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace, read back: what the text and the page tell.
 *
 * Frames get the names a reader knows them by: "frame A" becomes "page of alloc #2",
 * the second page that alloc put into a PTE.  All strings are the story's.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	guint n;		/* in the trace, from 1 */
	guint number;		/* among the decisions, from 1; 0: follows from the one before */
	int lane;		/* index of the actor */
	int vcpu, page;		/* page -1: none */
	bool irq, faulted;
	gint64 result;
	const char *kind, *label, *what, *access;
	const char *did, *line, *insn;	/* or NULL */
	const char *frame;	/* what an access really used; NULL: not seen */
	char **before, **after;	/* by page */
	char ***tlb;		/* frames that may be held after it: [lane * pages + page] */
} StoryEvent;

typedef struct {
	const char *invariant, *summary;
	guint event;		/* n of it; 0: seen at the end */
	bool manifest, documented;
} Finding;

typedef struct {
	char **actors;
	int n_actors, n_pages;
	GPtrArray *events;	/* of StoryEvent */
	GPtrArray *findings;	/* of Finding, in the order found */
	GHashTable *names;	/* "frame A" -> "page of alloc" */
	GPtrArray *frames;	/* "frame A" …, in order of appearance */
	GStringChunk *strings;
} Story;

/* @name is what errors call the text. */
Story *story_parse(const char *text, const char *name, GError **error);
void story_free(Story *story);

static inline const StoryEvent *story_event(const Story *story, guint i)
{
	return g_ptr_array_index(story->events, i);
}

/* The first violation, or what was documented; NULL: nothing. */
const Finding *story_main(const Story *story);

/* "none", "scratch" or a frame, for a reader. */
const char *story_name(const Story *story, const char *value);

/* @text with its frames so named; the caller's. */
char *story_rename(const Story *story, const char *text);

/* Whether the vCPU of @lane may hold a translation of @page that is not what the PTE says. */
bool story_is_stale(const StoryEvent *event, const Story *story, int lane, int page);

/* What happened, as a sentence without its subject: "reads the PTE of page 0: it is empty". */
char *story_sentence(const Story *story, const StoryEvent *event);

/* The number of the decision that @event is or follows from. */
guint story_number(const Story *story, const StoryEvent *event);

/* "manifest: it happened", … */
const char *story_kind(const Finding *finding);

/* "kernel/bpf/arena.c:245" -> "arena.c:245". */
const char *story_short_line(const char *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Story, story_free)
