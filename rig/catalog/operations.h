// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations as text: what the actors of a race do and what comes before it, in words.
 *
 *	setup   alloc 0-1; cpu1 read 0
 *	actors  alloc 2; write 2 | reader: read 0; read 0 | @1: user-read 0
 *
 * '|' is between actors and ';' between operations.  An operation is a verb of lib/verbs.h and
 * what it takes: a page by its number (1.0 is page 0 of arena 1), an edge by its word, pages
 * P-Q, or what `alloc any NAME` got: NAME, NAME+1.  "NAME:" calls an actor so; else its first
 * verb does.  "@1:" or "NAME@1:" has it live in the second process.  An operation of the setup
 * runs on the vCPU of the first actor, or on that of actor N after "cpuN".
 *
 * Text is a stranger's: nothing that was parsed is out of range of what the guest takes.  Pure.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "lib/guest-abi.h"

typedef struct {
	guint64 word;		/* as the guest takes it */
	int vcpu;		/* whose actor runs it */
	char *text;		/* in plain form: "alloc 0-1" */
} Operation;

typedef struct {
	char *name;
	int process;
	GPtrArray *operations;	/* of Operation */
} TextActor;

typedef struct {
	struct guest_shape shape;	/* the guest that all texts of this kind share */
	GPtrArray *actors;	/* of TextActor */
	GPtrArray *setup;	/* of Operation */
	char *actors_text, *setup_text;	/* in plain form: the same operations, the same text; "" */
	char **names;		/* of the actors */
	char **silent;		/* those that only keep their vCPU; NULL: none */
	bool has_deferred_work;		/* the kernel has work left when an operation has returned */
	const char *subject;	/* whose verbs it has; interned */
	int ref_count;
} Operations;

/* What is asked for; a number that is -1 is as many as the text names. */
typedef struct {
	const char *actors;
	const char *setup;	/* or NULL */
	int pages, arenas, processes;
	bool write;		/* what touches, writes */
	const char *subject;	/* whose verbs it has; NULL: as its verbs say, or arenas' */
} OperationsText;

/* Whether @actors is text, and no list of names of actors in C. */
bool operations_is_text(const char *actors);

/*
 * RIG_ERROR_INPUT: "'aloc 0': no verb "aloc" (col 1); did you mean "alloc"?".  *@ret_where is
 * which of the texts or numbers it is about: "actors", "setup", "pages", "arenas", "processes".
 */
Operations *operations_parse(const OperationsText *text, const char **ret_where, GError **error);

Operations *operations_ref(Operations *operations);
void operations_unref(Operations *operations);

/* The whole in one line, for people: "after 'alloc 0': 'free 0 | read 0', 1 page".  The caller's. */
char *operations_summary(const Operations *operations);

/* What tells it from all others: 16 hexadecimal digits; the caller's. */
char *operations_hash(const Operations *operations);

/*
 * The actor that has to end in an oops, since nobody recovers what it does, and the watched page of
 * that; -1: none, or several.  *@ret_stray: it is an access of a program without an arena; else
 * it is below what is recovered.
 */
int operations_oops(const Operations *operations, int *ret_page, bool *ret_stray);

/* The verbs in it whose doings are no events; NULL when there are none.  The caller's. */
char **operations_unseen(const Operations *operations);

/* What the guest is to find, GUEST_MAX_ACTORS rows of words up to OPERATION_END. */
void operations_encode(const Operations *operations,
		       guint64 ret_programs[GUEST_MAX_ACTORS][MAX_OPERATIONS],
		       guint64 ret_setup[MAX_OPERATIONS]);

/*
 * How operations-parse.c puts them together.  Nobody does anything yet:
 */
Operations *operations_new(void);

/* One more actor, without a name; theirs. */
TextActor *operations_add_actor(Operations *made);

bool operations_has_actor(const Operations *made, const char *name);

/* Whether one of @operations is of that verb. */
bool operations_have(const GPtrArray *operations, enum verb verb);

/* Whether the verb of one of them has one of @flags (VERB_LAST, …). */
bool operations_have_flag(const GPtrArray *operations, guint flags);

/* One more operation.  @name: of what it takes, which is @pages pages; or NULL. */
void operations_add(GPtrArray *operations, const struct operation *op, int vcpu, const char *name,
		    int pages);

/* Whether the guest can have what its subject wants of it; RIG_ERROR_INPUT. */
bool operations_check_shape(const struct guest_shape *shape, GError **error);

/* All are there: names for actors without one, and what follows from the whole. */
void operations_complete(Operations *made);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Operations, operations_unref)
