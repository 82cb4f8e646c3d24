// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a guest that serves any text of its shape to one that is about to run this one: the
 * programs are written into it, the setup is run, and what comes of it is GUEST_PARKED from
 * then on, in memory only.
 *
 * Deterministic: the guest is at a snapshot before, and one vCPU moves at a time.
 */
#pragma once

#include "step/vcpus.h"

typedef struct {
	guint64 word;		/* see lib/verbs.h */
	int actor;		/* who runs it */
	char *text;		/* what it is called in errors */
	bool gets_one;		/* it has worked when it returns 1; else when that is not negative */
} SetupOperation;

typedef struct {
	guint64 programs[GUEST_MAX_ACTORS][MAX_OPERATIONS];
	GArray *operations;	/* of SetupOperation */
} Setup;

Setup *setup_new(void);
void setup_free(Setup *setup);

/* RIG_ERROR_GUEST names an operation that did not work. */
bool setup_run(Vcpus *vcpus, const Setup *setup, GError **error);

/*
 * The guest has run a setup with the same operations: give it other programs, without another one.
 */
bool setup_program(Vcpus *vcpus, const Setup *setup, GError **error);

/*
 * References to pages are counted where a program is user space's, locks of
 * mappings are events where one changes a mapping, and users of processes are counted where one
 * ends: else nobody but a page's own free looks at the counts, and of the locks there are only readers.
 */
bool setup_count(Vcpus *vcpus, const Setup *setup, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Setup, setup_free)
