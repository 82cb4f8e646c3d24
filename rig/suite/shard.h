// SPDX-License-Identifier: GPL-2.0-only
/*
 * One part of a suite that many machines share: which pairs, and all that the others must have
 * in common with it.
 *
 * The parts are a function of the pairs, what they cost before, and how many parts there are: every machine
 * comes to the same.  The costliest pair goes first, to whoever has least.
 *
 *	shard.json	{"racerig-shard":3,"shard":1,"shards":3,"identity":{…},"pairs":[{…}]}
 *
 * It lists the pairs of all parts, is written when the work begins, and is what `racerig merge` goes by.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "suite/cost.h"

enum { SHARDS_MAX = 10000 };

typedef struct {
	int index, count;	/* from 1 */
	GArray *part;		/* int, of each pair of the selection: whose it is, from 1 */
	JsonObject *identity;	/* of strings: what all parts have in common */
	JsonArray *pairs;	/* objects of strings, and "shard" */
} Shard;

/* "I/N", 1 to N of at most SHARDS_MAX. */
bool shard_parse(const char *text, int *ret_index, int *ret_count, GError **error);

/* @costs may be NULL.  @group, @connect: as for the suite. */
Shard *shard_new(const Selection *selection, const char *group, const char *connect,
		 const Costs *costs, int index, int count, GError **error);

/* Part of an exploration of @pair whose first @split decisions are expanded in full. */
Shard *shard_of_pair(const Pair *pair, int split, const char *connect, int index, int count,
		     GError **error);

/* The decisions that are expanded in full; 0: it is of a suite. */
int shard_split(const Shard *shard);
void shard_free(Shard *shard);

/* shard.json of the folder @out.  With @resume it must be there and say the same. */
bool shard_write(const Shard *shard, const char *out, bool resume, GError **error);

/* That of the folder @dir, checked; without parts of a selection. */
Shard *shard_load(const char *dir, GError **error);

/* Whether @other is of the same suite; else RIG_ERROR_INPUT says what is another one. */
bool shard_belongs(const Shard *shard, const char *dir, const Shard *other, const char *other_dir,
		   GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shard, shard_free)
