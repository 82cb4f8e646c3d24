// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/scenario.h"

#include <string.h>

#include "catalog/expect-text.h"
#include "catalog/feature.h"
#include "catalog/kernel.h"
#include "util/error.h"
#include "util/keyfile.h"
#include "util/name.h"
#include "util/paths.h"

static const char TEXT_NAME[] = "text-", DEFAULT_SUBJECT[] = "arena";

Scenario *scenario_ref(Scenario *scenario)
{
	g_atomic_int_inc(&scenario->ref_count);
	return scenario;
}

void scenario_free(Scenario *scenario)
{
	if (!scenario || !g_atomic_int_dec_and_test(&scenario->ref_count))
		return;
	g_free(scenario->name);
	g_free(scenario->subject);
	g_free(scenario->title);
	g_strfreev(scenario->actors);
	operations_unref(scenario->operations);
	g_strfreev(scenario->kernels);
	g_strfreev(scenario->needs);
	g_free(scenario->oops);
	g_strfreev(scenario->oops_needs);
	g_strfreev(scenario->silent);
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

/* Kernels that there are, and what may be expected of one. */
static bool check_expectations(const Scenario *scenario, const char *group, GError **error)
{
	g_auto(GStrv) kernels = g_key_file_get_keys(scenario->keys, group, NULL, NULL);

	for (char **kernel = kernels; kernel && *kernel; kernel++) {
		g_autofree char *text = g_key_file_get_string(scenario->keys, group, *kernel, NULL);

		if (!kernel_exists(*kernel)) {
			keyfile_error(error, scenario->path, group, *kernel,
				      "no such kernel (racerig list has them)");
			return false;
		}
		if (!expect_text_check(scenario->path, group, *kernel, text ? text : "", error))
			return false;
	}
	return true;
}

static bool load_group(Scenario *scenario, GError **error)
{
	g_autofree char *group = g_key_file_get_string(scenario->keys, "scenario", "group", NULL);

	scenario->quick = g_strcmp0(group, "quick") == 0 && !scenario->variant;
	if (!group || strcmp(group, "quick") == 0 || strcmp(group, "full") == 0)
		return true;
	g_autofree char *shown = name_shown(group);
	keyfile_error(error, scenario->path, "scenario", "group", "'%s' is neither quick nor full",
		      shown);
	return false;
}

/* What it is narrowed down to: a slip there would be a row that nobody misses. */
static bool load_kernels(Scenario *scenario, GError **error)
{
	if (!keyfile_names(scenario->keys, scenario->path, "scenario", "kernels", NAME_KERNEL,
			   &scenario->kernels, error))
		return false;
	for (char **kernel = scenario->kernels; kernel && *kernel; kernel++) {
		if (kernel_exists(*kernel))
			continue;
		keyfile_error(error, scenario->path, "scenario", "kernels",
			      "no kernel '%s' (racerig list has them)", *kernel);
		return false;
	}
	return true;
}

/* What need not be said: group, bound, RAM, kernels, needs and expectations. */
static bool load_options(Scenario *scenario, GError **error)
{
	enum { MAX_PREEMPTIONS = 100, MAX_FAILURES = 9, MAX_RAM_MIB = 4096 };
	GKeyFile *keys = scenario->keys;
	const char *path = scenario->path;
	g_autofree char *own = expect_group(scenario);

	scenario->preemptions = -1;
	return load_group(scenario, error) && load_kernels(scenario, error) &&
	       keyfile_number(keys, path, "scenario", "preemptions", 0, MAX_PREEMPTIONS,
			      &scenario->preemptions, error) &&
	       keyfile_number(keys, path, "scenario", "failures", 0, MAX_FAILURES, &scenario->failures,
			      error) &&
	       keyfile_number(keys, path, "scenario", "ram_mib", 1, MAX_RAM_MIB, &scenario->ram_mib,
			      error) &&
	       check_expectations(scenario, own, error) &&
	       feature_words(keys, path, "scenario", "needs", &scenario->needs, error) &&
	       feature_words(keys, path, "scenario", "oops_needs", &scenario->oops_needs, error);
}

static bool is_actor(const Scenario *scenario, const char *key, const char *name, GError **error)
{
	if (g_strv_contains((const char *const *)scenario->actors, name))
		return true;
	g_autofree char *shown = name_shown(name);
	g_autofree char *all = g_strjoinv(" ", scenario->actors);
	keyfile_error(error, scenario->path, "scenario", key,
		      "'%s' is none of its actors (there are: %s)", shown, all);
	return false;
}

/* One of the actors, or NULL when there is no such line. */
static bool load_actor(Scenario *scenario, const char *key, char **ret, GError **error)
{
	*ret = g_key_file_get_string(scenario->keys, "scenario", key, NULL);
	return !*ret || is_actor(scenario, key, *ret, error);
}

/* Which oops is part of the plan: whose, of what kind, where. */
static bool load_oops(Scenario *scenario, GError **error)
{
	g_autofree char *text = g_key_file_get_string(scenario->keys, "scenario", "oops", NULL);
	g_auto(GStrv) words = text ? g_strsplit(text, " ", -1) : NULL;
	guint64 page = 0;

	if (!text)
		return true;
	if (g_strv_length(words) != 4 || strcmp(words[1], "page-fault") != 0 ||
	    strcmp(words[2], "page") != 0 ||
	    !g_ascii_string_to_unsigned(words[3], 10, 0, scenario->pages - 1, &page, NULL)) {
		g_autofree char *shown = name_shown(text);

		keyfile_error(error, scenario->path, "scenario", "oops",
			      "'%s' is no 'ACTOR page-fault page N', with N from 0 to %d", shown,
			      scenario->pages - 1);
		return false;
	}
	scenario->oops = g_strdup(words[0]);
	scenario->oops_page = page;
	return is_actor(scenario, "oops", words[0], error);
}

static bool load_silent(Scenario *scenario, GError **error)
{
	char **named;

	if (!keyfile_names(scenario->keys, scenario->path, "scenario", "silent", NAME_ACTOR, &named,
			   error))
		return false;
	if (named) {
		g_strfreev(scenario->silent);
		scenario->silent = named;
	}
	for (char **name = scenario->silent; name && *name; name++)
		if (!is_actor(scenario, "silent", *name, error))
			return false;
	return true;
}

/* Most are about arenas, and need not say so. */
static bool load_subject(Scenario *scenario, GError **error)
{
	char *name = g_key_file_get_string(scenario->keys, "scenario", "subject", NULL);

	scenario->subject = name ? name : g_strdup(DEFAULT_SUBJECT);
	if (name_is(NAME_FEATURE, scenario->subject))
		return true;
	g_autofree char *shown = name_shown(scenario->subject);
	keyfile_error(error, scenario->path, "scenario", "subject", "'%s' is no name", shown);
	return false;
}

/* What follows from the operations, where the file does not say it. */
static void take_operations(Scenario *scenario)
{
	enum { ROOM_FOR_TWO_ARENAS_MIB = 64 };
	const struct guest_shape *shape = &scenario->operations->shape;
	int edges = __builtin_popcount((guint32)shape->edges);

	scenario->actors = g_strdupv(scenario->operations->names);
	scenario->silent = g_strdupv(scenario->operations->silent);
	scenario->vcpus = (int)shape->actors;
	scenario->pages = ((int)shape->pages + edges) * (int)shape->arenas;
	if (shape->arenas > 1)
		scenario->ram_mib = ROOM_FOR_TWO_ARENAS_MIB;
}

/* Actors as text: how many vCPUs and pages it takes can be seen from it. */
static bool load_text(Scenario *scenario, const char *actors, GError **error)
{
	g_autofree char *setup = g_key_file_get_string(scenario->keys, "scenario", "setup", NULL);
	OperationsText text = { .actors = actors, .setup = setup, .pages = -1, .arenas = -1,
				.processes = -1, .subject = scenario->subject,
				.write = g_strcmp0(scenario->variant, "write") == 0 };
	g_autoptr(GError) local = NULL;
	const char *where;

	if (g_key_file_has_key(scenario->keys, "scenario", "vcpus", NULL)) {
		keyfile_error(error, scenario->path, "scenario", "vcpus",
			      "operations as text have one for each actor; leave the line out");
		return false;
	}
	if (!keyfile_number(scenario->keys, scenario->path, "scenario", "pages", 1, GUEST_MAX_PAGES,
			    &text.pages, error) ||
	    !keyfile_number(scenario->keys, scenario->path, "scenario", "arenas", 1, GUEST_MAX_ARENAS,
			    &text.arenas, error) ||
	    !keyfile_number(scenario->keys, scenario->path, "scenario", "processes", 1,
			    GUEST_MAX_PROCESSES, &text.processes, error))
		return false;
	scenario->operations = operations_parse(&text, &where, &local);
	if (!scenario->operations) {
		keyfile_error(error, scenario->path, "scenario", where, "%s", local->message);
		return false;
	}
	take_operations(scenario);
	return true;
}

/* Names of actors: a .c says what they do. */
static bool load_names(Scenario *scenario, GError **error)
{
	enum { MAX_VCPUS = 8, MAX_PAGES = 8 };
	static const char *const of_text[] = { "setup", "arenas", "processes" };
	GKeyFile *keys = scenario->keys;
	const char *path = scenario->path;
	g_autofree char *vcpus = keyfile_string(keys, path, "scenario", "vcpus", error);
	g_autofree char *pages =
		vcpus ? keyfile_string(keys, path, "scenario", "pages", error) : NULL;

	for (gsize i = 0; pages && i < G_N_ELEMENTS(of_text); i++)
		if (g_key_file_has_key(keys, "scenario", of_text[i], NULL)) {
			keyfile_error(error, path, "scenario", of_text[i], "is for operations as text, and "
				      "'actors' are names here (docs/scenarios.md)");
			return false;
		}
	if (!pages ||
	    !keyfile_number(keys, path, "scenario", "vcpus", 1, MAX_VCPUS, &scenario->vcpus, error) ||
	    !keyfile_number(keys, path, "scenario", "pages", 1, MAX_PAGES, &scenario->pages, error) ||
	    !keyfile_names(keys, path, "scenario", "actors", NAME_ACTOR, &scenario->actors, error))
		return false;
	int n = g_strv_length(scenario->actors);
	if (scenario->vcpus >= n)
		return true;
	keyfile_error(error, path, "scenario", "vcpus",
		      "%d actors on %d vCPUs; each needs one of its own", n, scenario->vcpus);
	return false;
}

/* Who races: each on a vCPU of its own. */
static bool load_actors(Scenario *scenario, GError **error)
{
	g_autofree char *actors =
		keyfile_string(scenario->keys, scenario->path, "scenario", "actors", error);

	if (!actors || !(operations_is_text(actors) ? load_text(scenario, actors, error)
						    : load_names(scenario, error)))
		return false;
	/* Whose oops is part of the plan, and whose allocation nothing stands in the way of. */
	return load_oops(scenario, error) &&
	       load_actor(scenario, "succeeds", &scenario->succeeds, error) &&
	       load_silent(scenario, error);
}

/* Nothing but what somebody reads. */
static bool check_spelling(const Scenario *scenario, char **variants, GError **error)
{
	static const char *const known[] = { "title", "source", "group", "vcpus", "ram_mib", "actors",
					     "pages", "setup", "arenas", "processes",
					     "preemptions", "failures", "kernels", "needs", "oops",
					     "oops_needs", "succeeds", "silent", "subject",
					     "variants", NULL };
	g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(groups, g_strdup("scenario"));
	g_ptr_array_add(groups, g_strdup("expect"));
	for (char **variant = variants; variant && *variant; variant++)
		g_ptr_array_add(groups, g_strdup_printf("expect %s", *variant));
	g_ptr_array_add(groups, NULL);
	return keyfile_only_groups(scenario->keys, scenario->path,
				   (const char *const *)groups->pdata, error) &&
	       keyfile_only_keys(scenario->keys, scenario->path, "scenario", known, error);
}

/* FILE, or one of its variants; *@ret_variants has them all, or NULL. */
static Scenario *load(const char *dir, const char *file, const char *variant, char ***ret_variants,
		      GError **error)
{
	g_autoptr(Scenario) scenario = g_new0(Scenario, 1);

	scenario->ref_count = 1;
	scenario->path = g_build_filename(dir, file, NULL);
	g_autofree char *stem = g_strndup(file, strlen(file) - strlen(".scenario"));
	scenario->variant = g_strdup(variant);
	scenario->name = variant ? g_strdup_printf("%s-%s", stem, variant) : g_strdup(stem);
	if (scenario_is_text(stem)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: names from '%s' on are those of texts; rename it", scenario->path,
			    TEXT_NAME);
		return NULL;
	}
	if (!name_check(NAME_SCENARIO, scenario->name, scenario->path, error) ||
	    !(scenario->keys = keyfile_load(scenario->path, error)) ||
	    !keyfile_names(scenario->keys, scenario->path, "scenario", "variants", NAME_VARIANT,
			   ret_variants, error) ||
	    !check_spelling(scenario, *ret_variants, error) ||
	    !(scenario->title = keyfile_string(scenario->keys, scenario->path, "scenario", "title",
					       error)) ||
	    !load_subject(scenario, error) || !load_actors(scenario, error) || !load_options(scenario, error))
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
	g_auto(GStrv) variants = NULL;
	Scenario *scenario = load(dir, file, NULL, &variants, error);

	if (!scenario)
		return false;
	g_ptr_array_add(list, scenario);
	for (char **variant = variants; variant && *variant; variant++) {
		g_auto(GStrv) same = NULL;

		scenario = load(dir, file, *variant, &same, error);
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

bool scenario_is_text(const char *name)
{
	return g_str_has_prefix(name, TEXT_NAME);
}

/* What nobody recovers has to end in an oops, on kernels that recover anything, and not that. */
static void expect_oops(Scenario *scenario)
{
	bool stray;
	int actor = operations_oops(scenario->operations, &scenario->oops_page, &stray);

	if (actor < 0)
		return;
	scenario->oops = g_strdup(scenario->operations->names[actor]);
	scenario->oops_needs = g_strsplit(stray ? "fault" : "lower-oops", ";", -1);
}

Scenario *scenario_of_text(Operations *operations)
{
	Scenario *scenario = g_new0(Scenario, 1);
	g_autofree char *hash = operations_hash(operations);

	scenario->ref_count = 1;
	scenario->name = g_strconcat(TEXT_NAME, hash, NULL);
	scenario->subject = g_strdup(operations->subject);
	scenario->title = operations_summary(operations);
	scenario->preemptions = -1;
	scenario->operations = operations;
	take_operations(scenario);
	expect_oops(scenario);
	return scenario;
}

char *scenario_expectation(const Scenario *scenario, const char *kernel)
{
	if (!scenario->keys)
		return NULL;

	g_autofree char *group = expect_group(scenario);
	char *own = g_key_file_get_string(scenario->keys, group, kernel, NULL);

	return own || strcmp(kernel, "stock") != 0
		? own : g_key_file_get_string(scenario->keys, "expect", kernel, NULL);
}
