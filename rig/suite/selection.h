// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which scenarios run on which kernels, by group and by name.
 *
 *	quick	 scenarios marked quick, on stock kernels and the mutants they name
 *	full	 every scenario on stock kernels and variants, and on the mutants it names
 *	mutants	 every scenario on every mutant
 *
 * A user's own kernel runs where it is named by --kernel, in quick and full; and so does
 * a mutant in a scenario that does not name it, when both are given.
 */
#pragma once

#include "catalog/kernel.h"
#include "catalog/scenario.h"

typedef struct {
	const Scenario *scenario;	/* both of the selection */
	const Kernel *kernel;
	int preemptions;		/* the bound to explore within; -1: none */
} Pair;

typedef struct {
	GPtrArray *scenarios, *kernels;	/* all there are, owned */
	GArray *pairs;			/* of Pair */
} Selection;

/* @scenarios, @kernels: names, NULL: all.  Unknown names and no pair at all are errors. */
Selection *selection_new(const char *group, char **scenarios, char **kernels, GError **error);
void selection_free(Selection *selection);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Selection, selection_free)
