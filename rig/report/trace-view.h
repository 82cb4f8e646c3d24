// SPDX-License-Identifier: GPL-2.0-only
/*
 * A record as people are told it: the one place where events become words.
 *
 * Frames get the names a reader knows them by: "frame A" becomes "page of alloc #2",
 * the second page that alloc put into a PTE.
 */
#pragma once

#include "event/record.h"

typedef struct {
	Record *record;
	GHashTable *names;	/* "frame A" -> "page of alloc"; both interned */
	GPtrArray *frames;	/* "frame A" …, in order of appearance; interned */
} TraceView;

/* @name is what errors call the text.  RIG_ERROR_INPUT. */
TraceView *trace_view_parse(const char *text, const char *name, GError **error);
void trace_view_free(TraceView *view);

/* "none", "scratch" or a frame, for a reader. */
const char *trace_view_name(const TraceView *view, const char *value);

/* Whether the vCPU of @actor may hold a translation by PTE @slot that is not what that says. */
bool trace_view_is_stale(const RecordEvent *event, int actor, int slot);

/* What it is, for a column: "cmpxchg pte 0"; the caller's. */
char *event_words(const Record *record, const RecordEvent *line);

/* What it did, with @names for frames (NULL: as in the trace), or NULL; the caller's. */
char *event_effect(const Record *record, GHashTable *names, const RecordEvent *line);

/* What happened, as a sentence without its subject: "reads the PTE of page 0: it is empty". */
char *trace_view_sentence(const TraceView *view, const RecordEvent *event);

/* The same with its subject: "CPU0 (alloc) reads …"; the caller's. */
char *trace_view_told(const TraceView *view, const RecordEvent *event);

/* The event of decision @step, from 0. */
const RecordEvent *trace_view_decision(const TraceView *view, guint step);

/*
 * One column a vCPU, 80 wide with up to three, the event that the first violation points at
 * marked.  @names as above.
 */
char *interleaving_text(const Record *record, GHashTable *names);

/* The same of a trace that we have just made, and the sentences of its violations below. */
char *trace_text(const char *trace);

/* "kernel/bpf/arena.c:245" -> "arena.c:245". */
const char *trace_view_short_line(const char *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceView, trace_view_free)
