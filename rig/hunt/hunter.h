// SPDX-License-Identifier: GPL-2.0-only
/*
 * One guest that explores one combination after another: those of one setup share what the setup
 * left, so that all a combination takes is its programs.
 */
#pragma once

#include "explore/session.h"
#include "hunt/combination.h"
#include "hunt/hunted.h"

typedef struct {
	Kernel *kernel;		/* the caller's */
	const char *connect;
	int failures;		/* calls that may fail in a schedule */
	int max_schedules;	/* of one combination; beyond that within a bound, or cut */
	const GPtrArray *known;	/* of Known: what is written down; the caller's */
	const char *code;	/* ranges of code of which is noted what runs (cover_ranges()), or NULL */
	GCancellable *cancel;
} HunterOptions;

typedef struct Hunter Hunter;

/* @options are the caller's, and live longer.  Without options->code there is no error. */
Hunter *hunter_new(const HunterOptions *options, GError **error);
void hunter_free(Hunter *hunter);

/*
 * Explore combination @n.  What the guest or the rig makes impossible is a value; an error is a
 * kernel or an emulator that is none, or an interrupt.
 */
Hunted *hunter_explore(Hunter *hunter, const Combination *combination, guint n, GError **error);

/* A guest with the programs of @combination, ready to run schedules; the hunter's. */
Session *hunter_session(Hunter *hunter, const Combination *combination, GError **error);

/* Whether @error is about the combination at hand, and says nothing of the hunt as a whole. */
bool hunter_is_of_combination(const Hunter *hunter, const GError *error);

/* The snapshot that the guest at hand started from, and the SHA-256 of its contents; NULL: none. */
char *hunter_snapshot(const Hunter *hunter);	/* the caller's */
const char *hunter_snapshot_sum(const Hunter *hunter);

/*
 * The addresses that schedules have come to since this was asked last; a set of guint64 *, the caller's,
 * or NULL without HunterOptions.code.
 */
GHashTable *hunter_ran(Hunter *hunter);

/* How often QEMU or drgn was replaced. */
int hunter_restarts(const Hunter *hunter);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hunter, hunter_free)
