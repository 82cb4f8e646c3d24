// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that a run folder holds, read: the one input of evidence.txt and report.html.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "report/source.h"
#include "report/story.h"
#include "report/tree.h"

/* One saved schedule. */
typedef struct {
	char *stem;		/* "0007-I1" */
	char *schedule;		/* its text */
	Story *story;
	JsonObject *facts;	/* of this boot: facts/STEM.json, or NULL */
	int switches;
	guint decisions;
} Case;

/* What another run beside this one says about the same scenario on a mutant. */
typedef struct {
	char *kernel, *title, *verdict, *invariants;
	bool complete;
} MutantRun;

/* A violation as verdict.json has it. */
typedef struct {
	Violation found;
	const char *schedule;	/* file name in the run folder; interned */
	int switches;
} RunViolation;

typedef struct {
	char *dir, *name;	/* name: the folder's own */
	JsonObject *verdict;
	GArray *violations, *accepted;	/* of RunViolation */
	GPtrArray *cases;	/* of Case: violating ones first, the plainest of them first */
	GPtrArray *mutants;	/* of MutantRun, by kernel */
	SourceText *sources;
	char *console;
	GPtrArray *outcomes;	/* of Outcome, or NULL: no journal */
	TreeNode *tree;		/* of them, or NULL */
} Dossier;

/* Takes @outcomes.  RIG_ERROR_INPUT names the file that is missing or damaged. */
Dossier *dossier_load(const char *dir, GPtrArray *outcomes, GError **error);
void dossier_free(Dossier *dossier);

/* Members of verdict.json; "" and 0 when they are not there. */
const char *dossier_string(const Dossier *dossier, const char *member);
const char *dossier_environment(const Dossier *dossier, const char *member);
gint64 dossier_int(const Dossier *dossier, const char *member);
bool dossier_bool(const Dossier *dossier, const char *member);

/* The case to show first; NULL when none was saved. */
const Case *dossier_main(const Dossier *dossier);

/* Raw PTE value of @name ("scratch") in this boot; 0: not known. */
guint64 case_pte(const Case *one, const char *name);

/* Identical replays and all of them; false: none was made. */
bool case_replays(const Case *one, int *ret_identical, int *ret_all);

/* What the run does not show, a sentence each; NULL-terminated, the caller's. */
char **dossier_not_covered(const Dossier *dossier);

/* "complete: every interleaving of the events", … */
const char *dossier_coverage(const Dossier *dossier);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dossier, dossier_free)
