// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is kept in the cache between runs, how large it is, and what of it no kernel
 * and no scenario that there are now would use.
 *
 * What is not used can be made again: by a build, by a boot.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *name;	/* the folder below the cache */
	const char *holds;	/* in words */
	guint64 bytes;
	guint entries;
	GPtrArray *unused;	/* paths; owned */
	guint64 unused_bytes;
} CacheArea;

/*
 * All areas that there are, of CacheArea, owned by the array.  @judge: find out what is not
 * used, too, which reads every file that goes into a snapshot's name: half a minute.
 */
GPtrArray *cache_areas(bool judge, GError **error);
