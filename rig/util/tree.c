// SPDX-License-Identifier: GPL-2.0-only
#include "util/tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"

enum { OPEN_FOLDERS = 32 };

/* nftw() hands nothing through. */
static __thread GHashTable *counted;
static __thread guint64 total;

GHashTable *tree_seen(void)
{
	return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static int add(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
	guint64 inode = stat->st_ino;

	(void)path, (void)place;
	if (kind == FTW_NS)
		return 0;
	if (!S_ISDIR(stat->st_mode) && stat->st_nlink > 1) {
		if (g_hash_table_contains(counted, &inode))
			return 0;
		g_hash_table_add(counted, g_memdup2(&inode, sizeof(inode)));
	}
	total += (guint64)stat->st_blocks * 512;
	return 0;
}

guint64 tree_size(const char *path, GHashTable *seen)
{
	counted = seen;
	total = 0;
	nftw(path, add, OPEN_FOLDERS, FTW_PHYS);
	return total;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
	(void)stat, (void)kind, (void)place;
	return remove(path);
}

bool tree_remove(const char *path, GError **error)
{
	if (nftw(path, remove_one, OPEN_FOLDERS, FTW_PHYS | FTW_DEPTH) == 0 || errno == ENOENT)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: cannot be removed: %s", path,
		    g_strerror(errno));
	return false;
}
