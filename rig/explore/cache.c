// SPDX-License-Identifier: GPL-2.0-only
#include "explore/cache.h"

#include <string.h>
#include <sys/stat.h>

#include "explore/session.h"
#include "explore/snapshot.h"
#include "util/paths.h"
#include "util/tree.h"

/* What is in use, by the names of files and folders. */
typedef struct {
	GHashTable *builds, *images, *snapshots, *own;
} Used;

typedef bool (*IsUsed)(const Used *used, const char *name);

static bool build_is_used(const Used *used, const char *name)
{
	/* A log is of a build that is going on, or that failed and is to be read. */
	return g_str_has_suffix(name, ".log") || g_hash_table_contains(used->builds, name);
}

static bool image_is_used(const Used *used, const char *name)
{
	return g_hash_table_contains(used->images, name);
}

static bool snapshot_is_used(const Used *used, const char *name)
{
	/* Each with its sum beside it: x.qcow2.sha256. */
	const char *end = strstr(name, ".qcow2");
	g_autofree char *stem = end ? g_strndup(name, end - name + strlen(".qcow2")) : g_strdup(name);

	return g_hash_table_contains(used->snapshots, stem);
}

/* Those of a kernel are named by its build ID, and small. */
static bool sites_are_used(const Used *used, const char *name)
{
	return !strstr(name, ".qcow2") || snapshot_is_used(used, name);
}

/* Copies of trees of kernels that are known no more. */
static bool source_is_used(const Used *used, const char *name)
{
	return !g_str_has_prefix(name, "own-") ||
	       g_hash_table_contains(used->own, name + strlen("own-"));
}

static const struct {
	const char *name, *holds;
	IsUsed is_used;		/* NULL: all of it, always */
} areas[] = {
	{ "snapshots", "parked guests", snapshot_is_used },
	{ "controls", "controls that have passed, by guest", snapshot_is_used },
	{ "sites", "instructions that matter, by kernel and guest", sites_are_used },
	{ "builds", "kernels with their module", build_is_used },
	{ "images", "kernels, each shared by several builds", image_is_used },
	{ "sources", "kernel sources and their object folders", source_is_used },
	{ "trees", "hashes of your own trees", NULL },
	{ "kernels", "descriptors of your own kernels", NULL },
	{ "packed", "which kernels came in a pack", NULL },
	{ "guests", "what boots on those", NULL },
	{ "qemu", "other Debians' emulators", NULL },
	{ "distros", "other Debians", NULL },
	{ "venv", "Python", NULL },
};

static GHashTable *new_set(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void used_deinit(Used *used)
{
	g_clear_pointer(&used->builds, g_hash_table_unref);
	g_clear_pointer(&used->images, g_hash_table_unref);
	g_clear_pointer(&used->snapshots, g_hash_table_unref);
	g_clear_pointer(&used->own, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Used, used_deinit)

static guint64 inode_of(const char *folder, const char *file)
{
	g_autofree char *path = g_build_filename(folder, file, NULL);
	struct stat found;

	return stat(path, &found) == 0 ? found.st_ino : 0;
}

/* A build has its image's vmlinux under a second name. */
static void find_images(Used *used, GHashTable *inodes)
{
	g_autofree char *path = paths_in_cache("images");
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *image = g_build_filename(path, name, NULL);
		guint64 inode = inode_of(image, "vmlinux");

		if (g_hash_table_contains(inodes, &inode))
			g_hash_table_add(used->images, g_strdup(name));
	}
}

static bool find_used(Used *used, GError **error)
{
	g_autoptr(GPtrArray) kernels = kernel_list(error);
	g_autoptr(GPtrArray) scenarios = kernels ? scenario_list(error) : NULL;
	g_autoptr(GHashTable) inodes = tree_seen();

	used->snapshots = scenarios ? session_snapshots(kernels, scenarios, error) : NULL;
	if (!used->snapshots)
		return false;
	used->builds = new_set();
	used->images = new_set();
	used->own = new_set();
	for (guint i = 0; i < kernels->len; i++) {
		const Kernel *kernel = g_ptr_array_index(kernels, i);

		if (strcmp(kernel->kind, "own") == 0)
			g_hash_table_add(used->own, g_strdup(kernel->name));
		if (!kernel->key)
			continue;
		guint64 inode = inode_of(kernel->dir, "vmlinux");
		g_hash_table_add(used->builds, g_strdup(kernel->key));
		g_hash_table_add(inodes, g_memdup2(&inode, sizeof(inode)));
	}
	find_images(used, inodes);
	return true;
}

static void area_free(gpointer data)
{
	CacheArea *area = data;

	g_ptr_array_unref(area->unused);
	g_free(area);
}

/* @used: NULL when nobody asked. */
static CacheArea *look_at(gsize i, const Used *used, GHashTable *seen)
{
	g_autofree char *path = paths_in_cache(areas[i].name);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	CacheArea *area = g_new0(CacheArea, 1);
	const char *name;

	area->name = areas[i].name;
	area->holds = areas[i].holds;
	area->unused = g_ptr_array_new_with_free_func(g_free);
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *entry = g_build_filename(path, name, NULL);
		guint64 bytes = tree_size(entry, seen);

		area->bytes += bytes;
		area->entries++;
		/* Somebody is at work on what begins with a dot. */
		if (!used || !areas[i].is_used || *name == '.' || areas[i].is_used(used, name))
			continue;
		g_ptr_array_add(area->unused, g_steal_pointer(&entry));
		area->unused_bytes += bytes;
	}
	return area;
}

GPtrArray *cache_areas(bool judge, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(area_free);
	g_autoptr(GHashTable) seen = tree_seen();
	g_auto(Used) used = { 0 };

	if (judge && !find_used(&used, error))
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(areas); i++)
		g_ptr_array_add(list, look_at(i, judge ? &used : NULL, seen));
	return g_steal_pointer(&list);
}
