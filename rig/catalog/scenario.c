// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/expectation.h"
#include "catalog/feature.h"
#include "util/error.h"
#include "util/keyfile.h"
#include "util/name.h"
#include "util/paths.h"

void scenario_free(Scenario *scenario)
{
	if (!scenario)
		return;
	g_free(scenario->name);
	g_free(scenario->title);
	g_strfreev(scenario->actors);
	g_strfreev(scenario->kernels);
	g_strfreev(scenario->needs);
	g_free(scenario->oops);
	g_strfreev(scenario->oops_needs);
	g_free(scenario->succeeds);
	g_free(scenario->variant);
	g_free(scenario->path);
	g_clear_pointer(&scenario->keys, g_key_file_unref);
	g_free(scenario);
}

static char *expect_group(const Scenario *scenario)
{
	return scenario->variant ? g_strdup_printf("expect %s", scenario->variant)
				 : g_strdup("expect");
}

static bool check_expectations(const Scenario *scenario, const char *group, GError **error)
{
	g_auto(GStrv) kernels = g_key_file_get_keys(scenario->keys, group, NULL, NULL);

	for (char **kernel = kernels; kernel && *kernel; kernel++) {
		g_autofree char *text = g_key_file_get_string(scenario->keys, group, *kernel, NULL);
		if (!expectation_check(scenario->path, *kernel, text, error))
			return false;
	}
	return true;
}

/* What need not be said: group, bound, RAM, kernels, needs and expectations. */
static bool load_options(Scenario *scenario, GError **error)
{
	GKeyFile *keys = scenario->keys;
	g_autofree char *group = g_key_file_get_string(keys, "scenario", "group", NULL);
	g_autofree char *bound = g_key_file_get_string(keys, "scenario", "preemptions", NULL);
	g_autofree char *own = expect_group(scenario);
	g_autofree char *ram = g_key_file_get_string(keys, "scenario", "ram_mib", NULL);
	gint64 preemptions = -1, ram_mib = 0;

	scenario->quick = g_strcmp0(group, "quick") == 0 && !scenario->variant;
	if (group && strcmp(group, "quick") != 0 && strcmp(group, "full") != 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: [scenario] group: '%s' is neither quick nor full", scenario->path,
			    group);
		return false;
	}
	if (bound && !g_ascii_string_to_signed(bound, 10, 0, 100, &preemptions, NULL)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: [scenario] preemptions: '%s' is no number from 0 to 100",
			    scenario->path, bound);
		return false;
	}
	if (ram && !g_ascii_string_to_signed(ram, 10, 1, 4096, &ram_mib, NULL)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: [scenario] ram_mib: '%s' is no number from 1 to 4096",
			    scenario->path, ram);
		return false;
	}
	scenario->ram_mib = ram_mib;
	scenario->preemptions = preemptions;
	if (g_key_file_has_key(keys, "scenario", "kernels", NULL))
		scenario->kernels = keyfile_list(keys, "scenario", "kernels");
	return check_expectations(scenario, own, error) &&
	       feature_words(keys, scenario->path, "scenario", "needs", &scenario->needs, error) &&
	       feature_words(keys, scenario->path, "scenario", "oops_needs",
			     &scenario->oops_needs, error);
}

/* One of the actors, or NULL when there is no such line. */
static bool load_actor(Scenario *scenario, const char *key, char **ret, GError **error)
{
	*ret = g_key_file_get_string(scenario->keys, "scenario", key, NULL);
	if (!*ret || g_strv_contains((const char *const *)scenario->actors, *ret))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s: [scenario] %s = %s is none of its actors", scenario->path, key, *ret);
	return false;
}

/* FILE, or one of its variants. */
static Scenario *load(const char *dir, const char *file, const char *variant, GError **error)
{
	g_autoptr(Scenario) scenario = g_new0(Scenario, 1);

	scenario->path = g_build_filename(dir, file, NULL);
	g_autofree char *stem = g_strndup(file, strlen(file) - strlen(".scenario"));
	scenario->variant = g_strdup(variant);
	scenario->name = variant ? g_strdup_printf("%s-%s", stem, variant) : g_strdup(stem);
	scenario->keys = keyfile_load(scenario->path, error);
	if (!scenario->keys)
		return NULL;
	scenario->title = keyfile_string(scenario->keys, scenario->path, "scenario", "title", error);
	g_autofree char *vcpus =
		scenario->title ? keyfile_string(scenario->keys, scenario->path, "scenario",
						 "vcpus", error) : NULL;
	if (!vcpus)
		return NULL;
	scenario->vcpus = atoi(vcpus);
	scenario->actors = keyfile_list(scenario->keys, "scenario", "actors");
	int actors = g_strv_length(scenario->actors);
	if (scenario->vcpus < actors || actors == 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: [scenario] has %d actors on %d vCPUs; each needs one of its own",
			    scenario->path, actors, scenario->vcpus);
		return NULL;
	}
	/* Whose oops is part of the plan, and whose allocation nothing stands in the way of. */
	if (!load_actor(scenario, "oops", &scenario->oops, error) ||
	    !load_actor(scenario, "succeeds", &scenario->succeeds, error) ||
	    !load_options(scenario, error))
		return NULL;
	if (variant) {
		g_autofree char *plain = g_steal_pointer(&scenario->title);
		scenario->title = g_strdup_printf("%s (%s)", plain, variant);
	}
	return g_steal_pointer(&scenario);
}

/* FILE and its variants. */
static bool load_all(GPtrArray *list, const char *dir, const char *file, GError **error)
{
	Scenario *scenario = load(dir, file, NULL, error);

	if (!scenario)
		return false;
	g_ptr_array_add(list, scenario);
	g_auto(GStrv) variants = keyfile_list(scenario->keys, "scenario", "variants");
	for (char **variant = variants; *variant; variant++) {
		scenario = load(dir, file, *variant, error);
		if (!scenario)
			return false;
		g_ptr_array_add(list, scenario);
	}
	return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	const Scenario *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

GPtrArray *scenario_list(GError **error)
{
	g_autofree char *path = paths_in_data("scenarios");
	g_autoptr(GDir) dir = g_dir_open(path, 0, error);
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)scenario_free);
	const char *file;

	if (!dir)
		return NULL;
	while ((file = g_dir_read_name(dir))) {
		if (!g_str_has_suffix(file, ".scenario"))
			continue;
		if (!load_all(list, path, file, error))
			return NULL;
	}
	g_ptr_array_sort(list, by_name);
	return g_steal_pointer(&list);
}

Scenario *scenario_find(const char *name, GError **error)
{
	g_autoptr(GPtrArray) list = scenario_list(error);
	g_autoptr(GString) known = g_string_new(NULL);

	if (!list || !name_check(NAME_SCENARIO, name, NULL, error))
		return NULL;
	for (guint i = 0; i < list->len; i++) {
		Scenario *scenario = g_ptr_array_index(list, i);

		if (strcmp(scenario->name, name) == 0)
			return g_ptr_array_steal_index(list, i);
		g_string_append_printf(known, " %s", scenario->name);
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "no scenario '%s' (there are:%s)", name,
		    known->str);
	return NULL;
}

char *scenario_expectation(const Scenario *scenario, const char *kernel)
{
	g_autofree char *group = expect_group(scenario);
	char *own = g_key_file_get_string(scenario->keys, group, kernel, NULL);

	return own || strcmp(kernel, "stock") != 0
		? own : g_key_file_get_string(scenario->keys, "expect", kernel, NULL);
}
