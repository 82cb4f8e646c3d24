// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a schedule ended, as facts: what became of the actors, and what drgn read in the guest then.
 *
 * Of a schedule that was cut there is nothing to tell but that.  An End owns its lists; frames
 * are numbers, and programs ids, as in events.
 */
#pragma once

#include "event/event.h"
#include "event/violation.h"

/* Tokens: "done", "cycle", "cut". */
typedef enum {
	ENDED_DONE,		/* everybody returned, or nobody can */
	ENDED_CYCLE,		/* at a state that it had been in */
	ENDED_CUT,		/* nobody wanted more of it */
} EndHow;

/* Tokens: "returned", "crashed", "waits". */
typedef enum { END_RETURNED, END_CRASHED, END_WAITS } EndState;

typedef struct {
	EndState state;
	gint64 result;		/* RETURNED: what the actor made of its operations */
	int fault_page;		/* CRASHED: the watched page that its last page fault was on; -1: none */
	Wait wait;		/* WAITS: for what */
} EndActor;

typedef struct {
	bool lives;		/* all below means something only while it does */
	gint64 refcount;	/* of its scratch page; VIOLATION_NONE: it has none */
	gint64 mapped;		/* PTEs that map pages, scratch apart … */
	gint64 counted;		/* … and what the kernel counts; VIOLATION_NONE: it counts nothing */
} EndGroup;

typedef struct {
	bool exists;		/* its arena does */
	guint64 pte;		/* raw */
	bool free;		/* as the kernel has it in its books; a guard's is in none */
	bool reserved;		/* an actor told that it has reserved it, and none that it freed it */
	bool maybe_reserved;	/* they told both, and who came last is not known */
	bool given_up;		/* actors told that they freed it, and none that it wants it */
} EndPage;

/* A word of a scratch page that is not zero. */
typedef struct {
	int group, offset;	/* offset: bytes, in words of eight */
	guint64 word;
} EndWord;

/* A fault that the kernel told a program of. */
typedef struct {
	guint32 program;
	guint64 address;	/* user address */
	bool write;
} EndReport;

typedef struct End {
	EndHow how;
	int alone;		/* CYCLE: the actor that repeats it while nobody else moves; -1: several do */
	/* DONE: */
	int n_actors, n_groups, n_pages;
	EndActor actors[MAX_ACTORS];
	EndGroup groups[MAX_PAGES];
	EndPage pages[MAX_PAGES];
	bool streams;		/* this kernel tells programs of faults: */
	GArray *words;		/* of EndWord, in order */
	GArray *reports;	/* of EndReport */
	/* guint64: frames that no event freed, and … */
	GArray *given_back;	/* … that the allocator has again, … */
	GArray *pinned;		/* … or of which pipes of the guest's processes hold all references */
	GPtrArray *splats;	/* lines of the kernel log that open a splat; interned */
} End;

enum { END_WORD_BYTES = 8 };

End *end_new(EndHow how);
void end_free(End *end);

/* Every operation has returned, so all that is half done is wrong. */
bool end_is_quiet(const End *end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(End, end_free)
