// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is watched in a guest, as data: drgn describes it with the kernel's own types
 * (analysis/helpers/watch.py), and nothing in the rig knows it by other means.
 *
 * A Watch is a plain value; its strings are interned.  A group is what pages have in common:
 * the lock, the frames with a role, the end.  What is described is all that is seen: a door that
 * is missing here is no event, so what a kernel must have is required.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "event/event.h"

enum {
	MAX_GROUPS = MAX_PAGES,
	MAX_VIEWS = 3,
	MAX_FRAMES = 16,
	MAX_FREES = 8,
	MAX_ENDS = 16,
	MAX_WAITS = 8,
	MAX_ROOTS = 4,
	MAX_LOCKLESS = 4,
	MAX_ARGUMENTS = 6,	/* of a function, in registers */
};

/* Where a PTE is; va 0: it is not watched. */
typedef struct {
	guint64 va, phys;	/* kernel virtual, guest-physical */
} WatchPte;

/* One way to reach a page. */
typedef struct {
	int mm;			/* of which process, from 0; -1: the kernel's own */
	guint64 va;		/* of its first byte */
	WatchPte pte;
	int slot;		/* of that PTE among all that are watched; -1: it is not */
} WatchView;

typedef struct {
	int group;
	int lock;		/* under which its PTEs are changed; -1: none that is watched */
	bool lazy;		/* its translations may be used until the flush that is left to a purge */
	int n_views;
	WatchView views[MAX_VIEWS];	/* the first is the kernel's, and its PTE is watched */
} WatchPage;

/* Tokens: "spin", "mutex". */
typedef enum { LOCK_SPIN, LOCK_MUTEX } LockKind;

typedef struct {
	const char *name;	/* as texts have it: "arena" */
	LockKind kind;
	int group;		/* with which its memory goes; -1: none */
	guint64 va, phys;	/* of its word … */
	int bytes;		/* … of 1, 2, 4 or 8 */
	guint64 held;		/* its bits of which one is set while somebody holds it */
} WatchLock;

/* A frame that is not handed out, but means something. */
typedef struct {
	const char *role;	/* "scratch" */
	int group;
	guint64 pfn;
} WatchFrame;

/* What a function that frees pages gets as its first argument.  Tokens: "page", "folio", "batch". */
typedef enum { FREES_PAGE, FREES_FOLIO, FREES_BATCH } FreeArgument;

typedef struct {
	const char *symbol;
	FreeArgument argument;
	bool required;		/* else there are kernels without it, which is said */
	bool drops;		/* a reference, which may be the last; else nobody refers to them any more */
	int count_at, list_at;	/* of a batch, in bytes: a byte, how many, and pointers to folios */
} WatchFree;

/*
 * What a word is that no lock guards: it counts references to a frame or has its folio's lock, is a lock
 * of a process's mappings (which has several holders), or counts a process's users.  NONE: one is guarded.
 */
typedef enum { COUNT_NONE, COUNT_FRAMES, COUNT_MAPPINGS, COUNT_PROCESSES, N_COUNTS } WatchCounts;

/* A word of memory that only the holder of a lock should touch, or one that is anybody's. */
typedef struct {
	const char *name;
	guint64 va, phys;
	int bytes;
	int lock;		/* -1: none, it is anybody's, … */
	WatchCounts is;		/* … and that */
	guint64 pfn;		/* FRAMES: of which frame; its last four bytes count */
	int mm;			/* MAPPINGS, PROCESSES: of which process, from 0 */
	const char *read_in;	/* of a lock: a source; loads elsewhere ask nothing of it */
	guint64 bits;		/* those that say something to others */
	bool ends;		/* MAPPINGS: at 0 the mapping is gone, and its struct may be another's */
	int n_lockless;
	const char *lockless[MAX_LOCKLESS];	/* functions that read it without, by design */
} WatchWord;

/*
 * How far a group's end has come.  Tokens: "begins": nobody is left to race with, and its PTEs
 * are gone through; "gone": its memory is somebody else's.
 */
typedef enum { END_BEGINS, END_GONE } EndKind;

/* It is there when @symbol is called with @value as this argument (from 0). */
typedef struct {
	EndKind kind;
	const char *symbol;
	int argument;
	guint64 value;
	int group;
} WatchEnd;

/* The top of a process's page tables, or of the kernel's own. */
typedef struct {
	int mm;			/* of which process, from 0; -1: the kernel's */
	guint64 phys;
} WatchRoot;

typedef struct {
	int n_pages, n_locks, n_frames, n_frees, n_words, n_ends, n_waits, n_roots;
	int n_counts[N_COUNTS];	/* of all words, in this order; n_words are watched */
	WatchPage pages[MAX_PAGES];
	WatchLock locks[MAX_LOCKS];
	WatchFrame frames[MAX_FRAMES];
	WatchFree frees[MAX_FREES];
	WatchWord words[MAX_WORDS];
	WatchEnd ends[MAX_ENDS];
	WatchRoot roots[MAX_ROOTS];
	const char *waits[MAX_WAITS];	/* source folders and files: here one vCPU waits for another */
	/* All PTEs: the kernel's, by page, then those of processes. */
	int n_ptes;
	struct {
		int page, view;
	} ptes[MAX_PTES];
} Watch;

/*
 * What drgn said, checked: nothing in it is used before it was found here to be possible in a
 * guest with @ram_bytes that has @n_pages pages to watch.  RIG_ERROR_BLIND says what lies where
 * nothing can be seen, RIG_ERROR_INPUT what is malformed; @name is what both begin with.
 */
bool watch_parse(JsonObject *object, const char *name, int n_pages, guint64 ram_bytes, Watch *ret,
		 GError **error);

/* The kernel's view of @page, which is also its home in every array of PTEs. */
static inline const WatchView *watch_kernel(const Watch *watch, int page)
{
	return &watch->pages[page].views[0];
}

/* The first process's view of @page; NULL: it has none. */
const WatchView *watch_user(const Watch *watch, int page);

static inline const WatchPte *watch_pte(const Watch *watch, int slot)
{
	return &watch->pages[watch->ptes[slot].page].views[watch->ptes[slot].view].pte;
}

/* The frame with @role of @group; -1: there is none. */
gint64 watch_frame(const Watch *watch, const char *role, int group);

/* From now on words up to those of this kind are watched; how many these are. */
int watch_count(Watch *watch, WatchCounts counts);

/* Whose tables a vCPU walks when this is in Regs.root: a process's view, ROOT_KERNEL or ROOT_UNKNOWN. */
int watch_root(const Watch *watch, guint64 root);
