// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a hunt goes through: setups times what actors may do, as operations in text.
 *
 * A *family* is a form: how many actors, how many operations each, on how many pages.  Combinations
 * that only differ in which actor is called first, or which page 0, are one; a setup that uses
 * pages does so on the vCPUs of both actors, so that it does not tell them apart.  Each ends with
 * every actor, one after another, writing by the kernel's view every page that is named and reading it
 * by its own: what was lost in the race, and what its vCPU still holds, shows there.  Pure.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *family;	/* of family_text() */
	char *setup;		/* operations as text, or "" */
	char *actors;
	int pages;		/* that are watched */
	guint guest;		/* those of one family, setup and guest need no other guest in between */
} Combination;

typedef struct {
	bool triples;		/* three actors, too */
	char **verbs;		/* only these; NULL: all of arenas that a program's actor has */
	char *setup;		/* only from here, operations as text; NULL: from all that are built in */
} HuntScope;

/* How much that is. */
typedef struct {
	guint setups, verbs;
} HuntExtent;

/*
 * Elements are Combination *, families and in them setups one after another, always in the same
 * order.  RIG_ERROR_INPUT names a verb that is none, or what is wrong with the setup.
 */
GPtrArray *combinations_new(const HuntScope *scope, HuntExtent *ret_extent, GError **error);

/* "one operation against one, on two pages"; NULL: there is no such family. */
const char *family_text(const char *family);
