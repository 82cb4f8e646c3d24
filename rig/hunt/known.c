// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/known.h"

#include <string.h>

#include "util/error.h"
#include "util/keyfile.h"
#include "util/paths.h"

typedef struct {
	char *violation, *interleaving;
} Shape;

static void shape_free(gpointer data)
{
	Shape *shape = data;

	g_free(shape->violation);
	g_free(shape->interleaving);
	g_free(shape);
}

static void known_free(gpointer data)
{
	Known *known = data;

	g_free(known->name);
	g_free(known->title);
	g_strfreev(known->kernels);
	g_ptr_array_unref(known->shapes);
	g_free(known);
}

static bool take_shape(Known *known, GKeyFile *keys, const char *path, const char *group,
		       GError **error)
{
	static const char *const members[] = { "violation", "interleaving", NULL };
	Shape *shape = g_new0(Shape, 1);

	g_ptr_array_add(known->shapes, shape);
	return keyfile_only_keys(keys, path, group, members, error) &&
	       (shape->violation = keyfile_string(keys, path, group, "violation", error)) &&
	       (shape->interleaving = keyfile_string(keys, path, group, "interleaving", error));
}

static bool take_finding(Known *known, GKeyFile *keys, const char *path, GError **error)
{
	static const char *const members[] = { "title", "kernels", NULL };
	g_auto(GStrv) groups = g_key_file_get_groups(keys, NULL);

	if (!keyfile_only_keys(keys, path, "finding", members, error) ||
	    !(known->title = keyfile_string(keys, path, "finding", "title", error)) ||
	    !keyfile_names(keys, path, "finding", "kernels", NAME_KERNEL, &known->kernels, error))
		return false;
	if (!known->kernels) {
		keyfile_error(error, path, "finding", "kernels", "is missing; name those that have it");
		return false;
	}
	for (char **group = groups; *group; group++) {
		if (strcmp(*group, "finding") == 0)
			continue;
		if (!g_str_has_prefix(*group, "shape ")) {
			keyfile_error(error, path, *group, NULL, "no such group; there are [finding] and "
				      "[shape N]");
			return false;
		}
		if (!take_shape(known, keys, path, *group, error))
			return false;
	}
	return true;
}

static bool load(GPtrArray *all, const char *folder, const char *file, GError **error)
{
	g_autofree char *path = g_build_filename(folder, file, NULL);
	g_autoptr(GKeyFile) keys = keyfile_load(path, error);
	Known *known;

	if (!keys)
		return false;
	known = g_new0(Known, 1);
	known->shapes = g_ptr_array_new_with_free_func(shape_free);
	known->name = g_strndup(file, strcspn(file, "."));
	g_ptr_array_add(all, known);
	return take_finding(known, keys, path, error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(Known *const *)a)->name, (*(Known *const *)b)->name);
}

GPtrArray *known_load(GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(known_free);
	g_autofree char *folder = paths_in_data("docs/findings");
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *file;

	/* Nothing is known where nothing is installed. */
	while (dir && (file = g_dir_read_name(dir)))
		if (g_str_has_suffix(file, ".finding") && !load(all, folder, file, error))
			return NULL;
	g_ptr_array_sort(all, by_name);
	return g_steal_pointer(&all);
}

bool known_is_of(const Known *known, const char *kernel, const char *kind)
{
	const char *const *kernels = (const char *const *)known->kernels;

	return g_strv_contains(kernels, kernel) ||
	       (g_strv_contains(kernels, "stock") &&
		(strcmp(kind, "mutant") == 0 || strcmp(kind, "own") == 0));
}

const Known *known_find(const GPtrArray *all, const char *kernel, const char *kind, const Hit *hit)
{
	g_autofree char *violation = g_strdup_printf("%s %s", hit->violation.invariant,
						     hit->violation.reason);

	for (guint i = 0; i < all->len; i++) {
		const Known *known = g_ptr_array_index(all, i);

		for (guint j = 0; known_is_of(known, kernel, kind) && j < known->shapes->len; j++) {
			const Shape *shape = g_ptr_array_index(known->shapes, j);

			if (strcmp(shape->violation, violation) == 0 &&
			    g_pattern_match_simple(shape->interleaving, hit->signature))
				return known;
		}
	}
	return NULL;
}
