// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/verb.h"

#include <string.h>

#define V(name, word, takes, flags, inverse, effect) \
	[VERB_##name] = { word, TAKES_##takes, flags, VERB_##inverse, effect },
static const VerbRow rows[N_VERBS] = { VERBS(V) };
#undef V

#define T(word, read, write) { word, VERB_##read, VERB_##write },
static const struct {
	const char *word;
	enum verb read, write;
} touches[] = { TOUCHES(T) };
#undef T

#define E(name, word, page) [EDGE_##name] = { word, page },
static const struct {
	const char *word;
	gint64 page;
} edges[N_EDGES] = { EDGES(E) };
#undef E

#define S(name, word) [VERBS_OF_##name] = word,
static const char *const subjects[N_VERB_SUBJECTS] = { SUBJECTS(S) };
#undef S

const char *verb_subject_name(enum verb_subject subject)
{
	return subjects[subject];
}

int verb_subject_find(const char *name)
{
	for (int i = 0; i < N_VERB_SUBJECTS; i++)
		if (strcmp(subjects[i], name) == 0)
			return i;
	return -1;
}

enum verb_subject verb_subject(enum verb verb)
{
	return rows[verb].flags & VERB_VMAP ? VERBS_OF_VMAP : VERBS_OF_ARENA;
}

const VerbRow *verb_row(enum verb verb)
{
	return &rows[verb];
}

const char *verb_takes_text(enum verb_takes takes)
{
	static const char *const texts[] = {
		[TAKES_NOTHING] = "",
		[TAKES_ARENA] = "[ARENA]",
		[TAKES_PAGE] = "PAGE",
		[TAKES_ANY_PAGE] = "PAGE | EDGE",
		[TAKES_RANGE] = "PAGE[-LAST]",
		[TAKES_NEW_RANGE] = "PAGE[-LAST] | any NAME [COUNT]",
	};

	return texts[takes];
}

int verb_find(const char *word, bool write)
{
	for (int verb = 0; verb < N_VERBS; verb++)
		if (strcmp(rows[verb].word, word) == 0)
			return verb;
	for (gsize i = 0; i < G_N_ELEMENTS(touches); i++)
		if (strcmp(touches[i].word, word) == 0)
			return write ? touches[i].write : touches[i].read;
	return -1;
}

const char *verb_touch(guint n, enum verb *ret_read, enum verb *ret_write)
{
	if (n >= G_N_ELEMENTS(touches))
		return NULL;
	*ret_read = touches[n].read;
	*ret_write = touches[n].write;
	return touches[n].word;
}

/* How many letters have to be put in, left out or changed (Levenshtein 1966). */
static guint distance(const char *a, const char *b)
{
	enum { LONGEST = 32 };
	guint row[LONGEST + 1];
	gsize n = strlen(b);

	if (n > LONGEST)
		return G_MAXUINT;
	for (gsize j = 0; j <= n; j++)
		row[j] = j;
	for (gsize i = 1; a[i - 1]; i++) {
		guint diagonal = row[0];

		row[0] = i;
		for (gsize j = 1; j <= n; j++) {
			guint change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}

static void try(const char *word, const char *there, guint *least, const char **ret)
{
	guint far = distance(word, there);

	if (far < *least && far <= strlen(there) / 2) {
		*least = far;
		*ret = there;
	}
}

const char *verb_suggestion(const char *word)
{
	enum { TOO_FAR = 4 };
	const char *found = NULL;
	guint least = TOO_FAR;

	for (int verb = 0; verb < N_VERBS; verb++)
		try(word, rows[verb].word, &least, &found);
	for (gsize i = 0; i < G_N_ELEMENTS(touches); i++)
		try(word, touches[i].word, &least, &found);
	return found;
}

int verb_edge(const char *word)
{
	for (int edge = 0; edge < N_EDGES; edge++)
		if (strcmp(edges[edge].word, word) == 0)
			return edge;
	return -1;
}

gint64 verb_edge_page(enum edge edge)
{
	return edges[edge].page;
}

const char *verb_edge_word(enum edge edge)
{
	return edges[edge].word;
}
