// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a scenario expects of a kernel, and whether a verdict is that.
 *
 * Where the scenario names the kernel in [expect] that counts: 'clean', 'documented'
 * or invariants, separated by ';' (expect-text.h).  A mutant may break more than is named; any other
 * kernel must break just that.  Where it does not:
 *
 * What is expected of stock or a variant is of one release of it (its expected_on).  On a
 * later one a violation that is no longer there is a fix, and will do.
 *
 *	mutant		 anything but a violation without the invariant that it breaks
 *	stock, variant	 clean, or documented where stock is not clean either
 *	own		 the same, or the invariants that stock is expected to violate
 *
 * A text that is no scenario's is expected to violate nothing, on any kernel.
 */
#pragma once

#include "catalog/kernel.h"
#include "catalog/scenario.h"

typedef struct {
	char *text;		/* "clean", "documented", "I1", "I6;I7", "I1?", "at most I7/read-old" */
	bool named;		/* the scenario names the kernel */
	bool clean, documented;	/* these verdicts will do */
	char **wanted;		/* all of these must be violated … */
	char **allowed;		/* … or only ones of these */
	bool more;		/* with those wanted, others may be, too */
} Expectation;

Expectation *expectation_new(const Scenario *scenario, const Kernel *kernel);
void expectation_free(Expectation *expectation);

/* @violated: invariants with the ways they were violated: "I7/read-old". */
bool expectation_met(const Expectation *expectation, const char *verdict,
		     const char *const *violated);

/* The actor of @scenario that has to end in an oops on @kernel, or NULL. */
const char *expectation_oops(const Scenario *scenario, const Kernel *kernel);

/* The first thing @scenario needs and @kernel lacks, or NULL. */
const char *expectation_missing(const Scenario *scenario, const Kernel *kernel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Expectation, expectation_free)
