// SPDX-License-Identifier: GPL-2.0-only
/*
 * A broken invariant, as data: from the check that found it to the page that tells it.
 *
 * It never holds a sentence; report/violation-text.h makes that, of the reason's template in
 * the invariant's row and of the fields here.  A violation is a plain value: its strings are
 * interned and live as long as the program.
 */
#pragma once

#include "event/event.h"
#include "util/json.h"

/* How sure it is.  Tokens in all formats: "seen", "carried-out", "possible". */
typedef enum {
	VIOLATION_SEEN,		/* the guest did it, by itself */
	VIOLATION_CARRIED_OUT,	/* an access went through a translation that the vCPU may hold: the rig
				 * put that in its way, and the rest the guest did */
	VIOLATION_POSSIBLE,	/* hardware may do it; nothing shows it */
} ViolationKind;

/* What an actor waits for.  Tokens: "lock", "sleep", "spin". */
typedef enum { WAIT_LOCK, WAIT_SLEEP, WAIT_SPIN } WaitKind;

typedef struct {
	const char *actor;
	WaitKind kind;
	const char *holder;	/* LOCK: an actor; NULL: nobody */
	const char *where;	/* the others: symbol+offset, or NULL */
	const char *lock;	/* LOCK: its name */
} Wait;

enum { VIOLATION_WAITS = 8 };

typedef struct {
	const char *invariant;	/* "I1" */
	const char *reason;	/* a token of the invariant's row: "pte-overwritten" */
	ViolationKind kind;
	bool documented;	/* the design accepts it, in writing: no violation */
	int event;		/* index of the event that showed it; -1: found at the end */
	int page;		/* index of the watched page; -1: of none */
	const char *actor;	/* who did it, or whose TLB; NULL: nobody in particular */
	int vcpu;		/* its vCPU; -1: none */
	gint64 pfn;		/* the frame it is about, in this boot; -1: none, or read back */
	const char *frame;	/* … and by its name in the trace; NULL: none, or not named yet */
	int write;		/* the access: 0 a load, 1 a store; -1: none */
	gint64 count, expected;	/* how many there are and should be; VIOLATION_NONE: not counted */
	guint64 address;	/* user address; 0: none */
	const char *log;	/* a line of the kernel log, or NULL */
	const char *word;	/* of memory that a lock guards, by its name; NULL: none … */
	const char *lock;	/* … and that lock, by its */
	Wait waits[VIOLATION_WAITS];	/* of a deadlock: who waits, and for what */
	int n_waits;
} Violation;

static const gint64 VIOLATION_NONE = G_MININT64;

/* Of kind seen, with nothing but these. */
Violation violation_new(const char *invariant, const char *reason, int event);

/*
 * {"invariant","kind","documented"?,"reason","event"?:n from 1,"page"?,"actor"?,"vcpu"?,
 *  "frame"?,"write"?,"count"?,"expected"?,"address"?,"log"?,"word"?,"lock"?,
 *  "waits"?:[{"actor","for","lock"?,"holder"?,"where"?}]}
 *
 * The caller's; and back: RIG_ERROR_INPUT names the member that is missing or wrong.
 */
JsonObject *violation_json(const Violation *violation);
bool violation_from_json(const Json *json, Violation *ret, GError **error);

/* One of waits; the same way. */
JsonObject *wait_json(const Wait *wait);
bool wait_from_json(const Json *json, Wait *ret, GError **error);

/* The same as a line of text, without a newline; the caller's. */
char *violation_format(const Violation *violation);
bool violation_parse(const char *line, Violation *ret);

/* "seen", "carried-out" or "possible". */
const char *violation_kind(ViolationKind kind);
