// SPDX-License-Identifier: GPL-2.0-only
#include "suite/selection.h"

#include <string.h>

#include "util/error.h"
#include "util/name.h"

/* What a mutant may do in a scenario that is not about it is looked for in the shallow end. */
enum { UNNAMED_PREEMPTIONS = 1 };

typedef enum { QUICK, FULL, MUTANTS } Group;

void selection_free(Selection *selection)
{
	if (!selection)
		return;
	g_clear_pointer(&selection->scenarios, g_ptr_array_unref);
	g_clear_pointer(&selection->kernels, g_ptr_array_unref);
	g_array_unref(selection->pairs);
	g_free(selection);
}

static bool parse_group(const char *text, Group *ret, GError **error)
{
	static const char *const names[] = { "quick", "full", "mutants" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = i;
			return true;
		}
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "no group '%s' (there are: quick full mutants)", text);
	return false;
}

static bool is_chosen(char **names, const char *name)
{
	return !names || g_strv_contains((const char *const *)names, name);
}

static bool check_scenarios(const GPtrArray *scenarios, char **names, GError **error)
{
	for (char **name = names; name && *name; name++) {
		g_autoptr(GString) known = g_string_new(NULL);
		bool found = false;

		if (!name_check(NAME_SCENARIO, *name, NULL, error))
			return false;
		for (guint i = 0; i < scenarios->len; i++) {
			const Scenario *scenario = g_ptr_array_index(scenarios, i);

			found |= strcmp(scenario->name, *name) == 0;
			g_string_append_printf(known, " %s", scenario->name);
		}
		if (found)
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "no scenario '%s' (there are:%s)",
			    *name, known->str);
		return false;
	}
	return true;
}

static bool check_kernels(const GPtrArray *kernels, char **names, GError **error)
{
	for (char **name = names; name && *name; name++)
		if (kernel_index(kernels, *name, error) < 0)
			return false;
	return true;
}

static bool wanted(Group group, const Scenario *scenario, const Kernel *kernel, bool by_name)
{
	g_autofree char *expectation = scenario_expectation(scenario, kernel->name);
	bool chosen = strcmp(kernel->kind, "stock") == 0 || strcmp(kernel->kind, "own") == 0;
	bool here = group != QUICK || scenario->quick || by_name;

	if (strcmp(kernel->kind, "mutant") == 0)
		return group == MUTANTS || by_name || (expectation && here);
	if (group == MUTANTS)
		return by_name;
	if (scenario->kernels && strcmp(kernel->kind, "own") != 0 && !by_name)
		here &= g_strv_contains((const char *const *)scenario->kernels, kernel->name);
	return here && (chosen || group == FULL);
}

static int bound_of(Group group, const Scenario *scenario, const Kernel *kernel)
{
	g_autofree char *expectation = scenario_expectation(scenario, kernel->name);

	if (group != MUTANTS || expectation)
		return scenario->preemptions;
	return scenario->preemptions < 0 ? UNNAMED_PREEMPTIONS
					 : MIN(scenario->preemptions, UNNAMED_PREEMPTIONS);
}

static void add_pairs(Selection *selection, Group group, char **scenarios, char **kernels)
{
	for (guint i = 0; i < selection->scenarios->len; i++) {
		const Scenario *scenario = g_ptr_array_index(selection->scenarios, i);

		if (!is_chosen(scenarios, scenario->name))
			continue;
		for (guint k = 0; k < selection->kernels->len; k++) {
			const Kernel *kernel = g_ptr_array_index(selection->kernels, k);
			bool own = strcmp(kernel->kind, "own") == 0;	/* only by name */
			Pair pair = { scenario, kernel, bound_of(group, scenario, kernel) };

			if (is_chosen(kernels, kernel->name) && (kernels || !own) &&
			    wanted(group, scenario, kernel, scenarios && kernels))
				g_array_append_val(selection->pairs, pair);
		}
	}
}

Selection *selection_new(const char *group, char **scenarios, char **kernels, GError **error)
{
	g_autoptr(Selection) selection = g_new0(Selection, 1);
	Group parsed;

	selection->pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
	selection->scenarios = parse_group(group, &parsed, error) ? scenario_list(error) : NULL;
	if (!selection->scenarios || !check_scenarios(selection->scenarios, scenarios, error) ||
	    !(selection->kernels = kernel_list(error)) ||
	    !check_kernels(selection->kernels, kernels, error))
		return NULL;
	add_pairs(selection, parsed, scenarios, kernels);
	if (selection->pairs->len)
		return g_steal_pointer(&selection);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "group %s has no such pair; give another --group, or both --scenario and --kernel",
		    group);
	return NULL;
}
