// SPDX-License-Identifier: GPL-2.0-only
#include "suite/park.h"

#include <string.h>

#include "catalog/expectation.h"
#include "explore/session.h"
#include "explore/snapshot.h"
#include "util/error.h"

/* What of it is a file: what a text does comes after the snapshot. */
static char *file_name(char *snapshot)
{
	snapshot[strcspn(snapshot, "+")] = '\0';
	return snapshot;
}

/* Have the snapshot of @pair; *@ret is its file's name, *@ret_made whether there was none. */
static bool park(const Pair *pair, const char *connect, GCancellable *cancel, char **ret,
		 bool *ret_made, GError **error)
{
	g_autofree char *sum = NULL;
	g_autofree char *name = session_snapshot(pair->kernel, pair->scenario, connect, &sum, error);

	if (!name)
		return false;
	*ret_made = sum == NULL;
	if (!sum) {
		Scenario *scenario = scenario_ref((Scenario *)pair->scenario);
		Kernel *kernel = kernel_ref((Kernel *)pair->kernel);
		g_autoptr(Session) session =
			session_new_of(scenario, kernel, &(SessionPlace){ .connect = connect }, cancel,
				       error);
		if (!session)
			return false;
	}
	*ret = file_name(g_steal_pointer(&name));
	return true;
}

static bool is_wanted(const Pair *pair, bool require_built, GError **error)
{
	if (expectation_missing(pair->scenario, pair->kernel))
		return false;
	if (!pair->kernel->key && require_built)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "kernel '%s' is not built; run: racerig kernel build %s", pair->kernel->name,
			    pair->kernel->name);
	return pair->kernel->key != NULL;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool park_all(const Selection *selection, const char *connect, bool require_built,
	      GCancellable *cancel, ParkedFunc func, gpointer data, GPtrArray **ret, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < selection->pairs->len; i++) {
		const Pair *pair = &g_array_index(selection->pairs, Pair, i);
		g_autoptr(GError) local = NULL;
		g_autofree char *name = NULL;
		bool made;

		if (!is_wanted(pair, require_built, &local)) {
			if (!local)
				continue;
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
		if (!park(pair, connect, cancel, &name, &made, error))
			return false;
		if (!g_hash_table_add(seen, name))
			continue;
		if (func)
			func(pair, name, made, data);
		g_ptr_array_add(names, g_steal_pointer(&name));
	}
	g_ptr_array_sort(names, by_text);
	if (ret)
		*ret = g_steal_pointer(&names);
	return true;
}
