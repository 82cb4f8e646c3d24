// SPDX-License-Identifier: GPL-2.0-only
#include "explore/sources.h"

#include <string.h>

#include "guest/symbols.h"

typedef struct {
	char **roots;
	GHashTable *seen, *found;
} Search;

/* What no root leads out of. */
static bool is_below(const char *file)
{
	g_auto(GStrv) parts = g_strsplit(file, "/", -1);

	for (char **part = parts; *part; part++)
		if (!**part || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
			return false;
	return true;
}

static void look_for(const char *file, gpointer data)
{
	Search *search = data;

	if (!g_hash_table_add(search->seen, g_strdup(file)) || !is_below(file))
		return;
	for (char **root = search->roots; *root; root++) {
		g_autofree char *path = g_build_filename(*root, file, NULL);

		if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
			continue;
		g_hash_table_insert(search->found, g_strdup(file), g_steal_pointer(&path));
		return;
	}
}

GHashTable *sources_of(const Kernel *kernel, GError **error)
{
	g_autofree char *vmlinux = kernel_file(kernel, "vmlinux");
	g_autoptr(Symbols) symbols = symbols_new();
	g_auto(GStrv) roots = kernel_source_roots(kernel->dir, kernel->tree);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	Search search = { roots, seen, found };

	if (!symbols_add(symbols, vmlinux, 0, error))
		return NULL;
	symbols_each_file(symbols, look_for, &search);
	return g_steal_pointer(&found);
}
