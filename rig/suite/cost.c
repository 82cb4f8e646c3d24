// SPDX-License-Identifier: GPL-2.0-only
#include "suite/cost.h"

#include "util/error.h"
#include "util/json.h"

/* Measured on two cores: a schedule of two actors takes some 25 ms, a pair of them some ten seconds. */
enum { ACTOR_MS = 12, PAIR_MS = 10000, ACTOR_FACTOR = 8, BOUND_SHARE = 4 };

typedef struct {
	gint64 wall_ms, executed;
	gint64 redundant;	/* -1: not known */
} Cost;

struct Costs {
	char *identity;
	GHashTable *pairs;	/* "SCENARIO KERNEL" -> Cost */
};

static char *key_of(const char *scenario, const char *kernel)
{
	return g_strconcat(scenario, " ", kernel, NULL);
}

void costs_free(Costs *costs)
{
	if (!costs)
		return;
	g_free(costs->identity);
	g_hash_table_unref(costs->pairs);
	g_free(costs);
}

static bool add_pair(Costs *costs, const Json *json, GError **error)
{
	const char *scenario, *kernel;
	Cost cost = { .redundant = -1 };

	if (!json_name(json, "scenario", NAME_SCENARIO, &scenario, error) ||
	    !json_name(json, "kernel", NAME_KERNEL, &kernel, error) ||
	    !json_int(json, "wall_ms", 0, G_MAXINT, &cost.wall_ms, error) ||
	    !json_int(json, "executed", 0, G_MAXINT, &cost.executed, error) ||
	    !json_maybe_int(json, "redundant", 0, G_MAXINT, &cost.redundant, error))
		return false;
	if (g_hash_table_replace(costs->pairs, key_of(scenario, kernel), g_memdup2(&cost, sizeof(cost))))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s on %s is there twice", json->name, scenario,
		    kernel);
	return false;
}

Costs *costs_load(const char *path, GError **error)
{
	gsize len;
	g_autofree char *text = file_read(path, FILE_NAMED, FILE_MAX_BYTES, &len, error);
	g_autoptr(JsonObject) object = text ? json_parse(text, len, path, error) : NULL;
	Json json = { object, path };
	JsonArray *pairs;
	gint64 version;

	if (!object)
		return NULL;
	if (!json_int(&json, "racerig-suite-run", 1, 1, &version, NULL)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: no run.json of a suite (racerig suite writes one into its folder)", path);
		return NULL;
	}
	if (!json_array(&json, "pairs", &pairs, error))
		return NULL;
	g_autoptr(Costs) costs = g_new0(Costs, 1);
	costs->identity = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)text, len);
	costs->pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (guint i = 0; i < json_array_get_length(pairs); i++) {
		Json pair;

		if (!json_element(&json, "pairs", pairs, i, &pair, error) ||
		    !add_pair(costs, &pair, error))
			return NULL;
	}
	return g_steal_pointer(&costs);
}

const char *costs_identity(const Costs *costs)
{
	return costs ? costs->identity : "none";
}

/* Every further actor multiplies the interleavings, and a bound takes most of them away. */
static gint64 guess(const Pair *pair)
{
	gint64 cost = PAIR_MS;

	for (int i = 2; i < pair->scenario->vcpus; i++)
		cost *= ACTOR_FACTOR;
	return pair->preemptions < 0 ? cost : cost / BOUND_SHARE;
}

gint64 costs_of(const Costs *costs, const Pair *pair)
{
	g_autofree char *key = key_of(pair->scenario->name, pair->kernel->name);
	const Cost *cost = costs ? g_hash_table_lookup(costs->pairs, key) : NULL;

	if (cost && cost->wall_ms)
		return cost->wall_ms;
	if (cost && cost->executed)
		return cost->executed * pair->scenario->vcpus * ACTOR_MS;
	return guess(pair);
}

gint64 costs_begun(const Costs *costs, const char *scenario, const char *kernel)
{
	g_autofree char *key = key_of(scenario, kernel);
	const Cost *cost = costs ? g_hash_table_lookup(costs->pairs, key) : NULL;

	return cost && cost->executed && cost->redundant >= 0 ? cost->executed + cost->redundant : -1;
}

char *costs_json(const Table *table)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	JsonObject *object = json_object_new();
	JsonArray *pairs = json_array_new();

	for (guint i = 0; i < table->rows->len; i++) {
		const TableRow *row = g_ptr_array_index(table->rows, i);
		JsonObject *pair = json_object_new();

		json_object_set_string_member(pair, "scenario", row->scenario);
		json_object_set_string_member(pair, "kernel", row->kernel);
		json_object_set_int_member(pair, "wall_ms", (gint64)(row->wall_s * 1000 + 0.5));
		json_object_set_int_member(pair, "executed", row->executed);
		json_object_set_int_member(pair, "redundant", row->redundant);
		json_array_add_object_element(pairs, pair);
	}
	json_object_set_int_member(object, "racerig-suite-run", 1);
	json_object_set_array_member(object, "pairs", pairs);
	json_node_take_object(node, object);
	g_autofree char *text = json_to_string(node, TRUE);
	return g_strconcat(text, "\n", NULL);
}
