// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scenarios there are: the .scenario half of each pair.
 */
#pragma once

#include "catalog/operations.h"

typedef struct {
	char *name;
	char *title;
	int vcpus;
	char *subject;		/* what its pages are of: a folder of rig/subject/ */
	int pages;		/* watched, of all groups together */
	int ram_mib;		/* the guest has at least this much; 0: what its kernel takes */
	char **actors;
	Operations *operations;	/* what they do, as text; NULL: the scenario's .c says it */
	bool quick;		/* in the quick group */
	int preemptions;	/* bound for the suite; -1: none */
	int failures;		/* calls that may fail in a schedule, unless an option says another number */
	char **kernels;		/* the suite has it on these, and on mutants it names; NULL: all */
	char **needs;		/* what feature.h knows; NULL: nothing */
	char *oops;		/* the actor whose operation has to end in one, or NULL … */
	int oops_page;		/* … by a page fault on this watched page */
	char **oops_needs;	/* … on kernels that have this; NULL: on all */
	char **silent;		/* actors that may come to no decision; NULL: none may */
	char *succeeds;		/* the actor whose allocation has to succeed, or NULL */
	char *variant;		/* "write" in NAME-write, which is NAME.scenario's, too; or NULL */
	char *path;		/* NULL: it came as text */
	GKeyFile *keys;		/* for the expectations; NULL: nobody has any */
	int ref_count;
} Scenario;

/* All of them, sorted by name; elements are Scenario *, owned by the array. */
GPtrArray *scenario_list(GError **error);
Scenario *scenario_find(const char *name, GError **error);

/* One that nobody has written down, called text-HASH.  Takes @operations. */
Scenario *scenario_of_text(Operations *operations);

/* Whether @name is that of one that nobody has written down. */
bool scenario_is_text(const char *name);

Scenario *scenario_ref(Scenario *scenario);

/* Gives up a reference; the last one frees it. */
void scenario_free(Scenario *scenario);

/*
 * "clean", "documented" or invariants; NULL when it does not name the kernel.  A variant
 * has [expect VARIANT] for itself, and what it does not say of stock is in [expect].
 */
char *scenario_expectation(const Scenario *scenario, const char *kernel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)
