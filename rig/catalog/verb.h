// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verbs of operations as text: the rows of lib/verbs.h, by name.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "lib/verbs.h"

typedef struct {
	const char *word;
	enum verb_takes takes;
	int flags;
	enum verb inverse;	/* what undoes it; VERB_KEEP: nothing has to */
	const char *effect;	/* and what it returns */
} VerbRow;

const VerbRow *verb_row(enum verb verb);

/* Whose verb it is; what all have is an arena's. */
enum verb_subject verb_subject(enum verb verb);

/* "arena"; and the subject of that name, or -1: it has no verbs. */
const char *verb_subject_name(enum verb_subject subject);
int verb_subject_find(const char *name);

/* How what a verb takes is written: "PAGE", "P[-Q] | any NAME [COUNT]". */
const char *verb_takes_text(enum verb_takes takes);

/*
 * The verb called @word, or -1.  @write: what "touch" and the like are in the variant that
 * writes.
 */
int verb_find(const char *word, bool write);

/* The word there is that is most like @word, or NULL when none is like it. */
const char *verb_suggestion(const char *word);

/* The @n-th word that stands for a verb and, in a variant that writes, for another one; or NULL. */
const char *verb_touch(guint n, enum verb *ret_read, enum verb *ret_write);

/* The number of the edge called @word, or -1; and the page that it is. */
int verb_edge(const char *word);
gint64 verb_edge_page(enum edge edge);
const char *verb_edge_word(enum edge edge);
