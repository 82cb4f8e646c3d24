// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that a run folder holds, read: the one input of evidence.txt and report.html.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "report/source.h"
#include "report/trace-view.h"
#include "report/tree.h"

/* One saved schedule. */
typedef struct {
	char *stem;		/* "0007-I1" */
	char *schedule;		/* its text */
	TraceView *view;
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
} RunData;

/* Takes @outcomes.  RIG_ERROR_INPUT names the file that is missing or damaged. */
RunData *run_data_load(const char *dir, GPtrArray *outcomes, GError **error);
void run_data_free(RunData *data);

/* Members of verdict.json; "" and 0 when they are not there. */
const char *run_data_string(const RunData *data, const char *member);
const char *run_data_environment(const RunData *data, const char *member);
gint64 run_data_int(const RunData *data, const char *member);
bool run_data_bool(const RunData *data, const char *member);

/* The case to show first; NULL when none was saved. */
const Case *run_data_main(const RunData *data);

/* Raw PTE value of @name ("scratch") in this boot; 0: not known. */
guint64 case_pte(const Case *one, const char *name);

/* Identical replays and all of them; false: none was made. */
bool case_replays(const Case *one, int *ret_identical, int *ret_all);

/* What the run does not show, a sentence each; NULL-terminated, the caller's. */
char **run_data_not_covered(const RunData *data);

/* "complete: every interleaving of the events", … */
const char *run_data_coverage(const RunData *data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunData, run_data_free)
