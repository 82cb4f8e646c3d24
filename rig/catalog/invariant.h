// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariants by their stable ids.  Each is one file of rig/check/ or rig/subject/ that enters one row
 * with INVARIANT(); the linker collects the rows, so nothing else names them.
 *
 * Rows are constants; nothing here runs a check.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct Check;
struct End;
struct Event;

/* What shows it. */
typedef enum {
	REASON_EVENT,		/* one event, so a trace tells it without a guest */
	REASON_END,		/* how the schedule ended, or the guest's state then, beside its events */
	REASON_STATE,		/* the guest's state at the end, and no event: of any guest at rest */
} ReasonFrom;

/*
 * What an invariant reads when it judges an event: of the page and the actor that the event is
 * about; of all of them, where it is about a frame that any page may map.  The reduction takes
 * its dependence from this (schedule/dependence.h): an order of two steps that no invariant can
 * tell apart, and that leads to the same state, need not be tried.
 */
typedef enum {
	READS_PTE = 1 << 0,	/* the watched PTEs */
	READS_TLB = 1 << 1,	/* which translations a vCPU may hold */
	READS_DATA = 1 << 2,	/* what is in a page */
	READS_OWNER = 1 << 3,	/* which page was handed out for an address */
	READS_ALLOCATOR = 1 << 4,	/* which pages are free */
	READS_EMPTIED = 1 << 5,	/* how often a PTE was emptied */
} InvariantReads;

/* One way to violate an invariant: its name in data, and its sentence for a reader. */
typedef struct {
	const char *token;	/* "pte-overwritten" */
	const char *text;	/* with {page}, {actor} and other fields of a Violation */
	ReasonFrom from;
} InvariantReason;

/* What looks like a violation and is none, as wide as its reason and no wider. */
typedef struct {
	const char *token;	/* "arena-end" */
	const char *text;	/* what is let pass, one line */
	const char *source;	/* who said that it may */
	bool by_kernel;		/* only on kernels whose descriptor names it: excuses = … */
} InvariantException;

typedef struct {
	const char *id;		/* "I1" */
	const char *statement;	/* one line */
	const char *source;	/* where it comes from: who said so, or which code relies on it */
	const InvariantReason *reasons;	/* the last one has no token */
	guint32 judges;		/* bits of EventKind: the events that can make it false */
	guint32 reads;		/* InvariantReads: what it reads then, and at no other event */
	/* looks at one event, before the bookkeeping takes it in; NULL: does not */
	void (*event)(struct Check *check, const struct Event *event);
	/* looks at how a schedule ended, after all events; NULL: does not */
	void (*at_end)(struct Check *check, const struct End *end);
	const InvariantException *exceptions;	/* the last one has no token; NULL: none */
} Invariant;

/* Enter a row; once in its file. */
#define INVARIANT(row) \
	static const Invariant *const row##_entry \
		__attribute__((used, section("invariants"))) = &(row)

/* All of them in the order of their numbers; *@n is how many. */
const Invariant *const *invariant_list(gsize *n);

/* NULL when there is none of that id. */
const Invariant *invariant_find(const char *id);
bool invariant_exists(const char *id);

/* "" when there is no such invariant. */
const char *invariant_statement(const char *id);

/* NULL when there is no such invariant or reason. */
const InvariantReason *invariant_reason(const char *id, const char *token);

/* Whether some invariant has an exception @token that a kernel's descriptor may name. */
bool invariant_excuse_exists(const char *token);

/* When it is checked, for a reader. */
const char *invariant_checked(const Invariant *invariant);
