// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/hunted.h"

#include "util/error.h"

static const char *const hows[HUNTED_KINDS + 1] = { "complete", "bounded", "cut", "absent", "broken" };

static void hit_free(gpointer data)
{
	Hit *hit = data;

	g_free(hit->signature);
	g_free(hit->schedule);
	g_free(hit);
}

Hunted *hunted_new(guint n)
{
	Hunted *hunted = g_new0(Hunted, 1);

	hunted->n = n;
	hunted->invariants = g_ptr_array_new();
	hunted->hits = g_ptr_array_new_with_free_func(hit_free);
	return hunted;
}

void hunted_free(Hunted *hunted)
{
	if (!hunted)
		return;
	g_ptr_array_unref(hunted->invariants);
	g_ptr_array_unref(hunted->hits);
	g_free(hunted->error);
	g_free(hunted);
}

Hit *hunted_add(Hunted *hunted, const Violation *violation)
{
	Hit *hit = g_new0(Hit, 1);

	hit->violation = *violation;
	g_ptr_array_add(hunted->hits, hit);
	return hit;
}

bool hunted_violates(const Hunted *hunted, const char *invariant)
{
	return g_ptr_array_find_with_equal_func(hunted->invariants, invariant, g_str_equal, NULL);
}

const char *hunted_how(HuntedHow how)
{
	return hows[how];
}

static JsonObject *hit_json(const Hit *hit)
{
	JsonObject *object = json_object_new();

	json_object_set_object_member(object, "violation", violation_json(&hit->violation));
	json_object_set_string_member(object, "signature", hit->signature);
	json_object_set_int_member(object, "count", hit->count);
	json_object_set_int_member(object, "switches", hit->switches);
	json_object_set_int_member(object, "events", hit->events);
	json_object_set_string_member(object, "schedule", hit->schedule);
	return object;
}

char *hunted_format(const Hunted *hunted)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	JsonObject *object = json_object_new();
	JsonArray *invariants = json_array_new(), *hits = json_array_new();

	for (guint i = 0; i < hunted->invariants->len; i++)
		json_array_add_string_element(invariants, g_ptr_array_index(hunted->invariants, i));
	for (guint i = 0; i < hunted->hits->len; i++)
		json_array_add_object_element(hits, hit_json(g_ptr_array_index(hunted->hits, i)));
	json_object_set_int_member(object, "n", hunted->n);
	json_object_set_string_member(object, "how", hows[hunted->how]);
	if (hunted->how == HUNTED_BOUNDED)
		json_object_set_int_member(object, "bound", hunted->bound);
	json_object_set_int_member(object, "executed", hunted->executed);
	json_object_set_int_member(object, "violating", hunted->violating);
	json_object_set_int_member(object, "documented", hunted->documented);
	json_object_set_array_member(object, "invariants", invariants);
	json_object_set_array_member(object, "hits", hits);
	json_add_string(object, "error", hunted->error);
	json_node_take_object(node, object);
	return json_to_string(node, FALSE);
}

static bool take_hit(Hunted *hunted, const Json *json, GError **error)
{
	const char *signature, *schedule;
	Json inner;
	Violation violation;
	int count, switches, events;

	if (!json_object(json, "violation", &inner, error) ||
	    !violation_from_json(&inner, &violation, error) ||
	    !json_string(json, "signature", &signature, error) ||
	    !json_small(json, "count", 1, G_MAXINT, &count, error) ||
	    !json_small(json, "switches", 0, G_MAXINT, &switches, error) ||
	    !json_small(json, "events", 0, G_MAXINT, &events, error) ||
	    !json_string(json, "schedule", &schedule, error))
		return false;
	Hit *hit = hunted_add(hunted, &violation);
	hit->signature = g_strdup(signature);
	hit->schedule = g_strdup(schedule);
	hit->count = count;
	hit->switches = switches;
	hit->events = events;
	return true;
}

Hunted *hunted_parse(const char *line, gsize len, guint n_combinations, const char *name, GError **error)
{
	g_autoptr(JsonObject) object = json_parse(line, len, name, error);
	const Json json = { object, name };
	const char *id, *message = NULL;
	JsonArray *invariants, *hits;
	int n, how;

	if (!object || !n_combinations || !json_small(&json, "n", 0, (int)n_combinations - 1, &n, error))
		return NULL;
	g_autoptr(Hunted) hunted = hunted_new(n);
	if (!json_choice(&json, "how", hows, &how, error) ||
	    (how == HUNTED_BOUNDED &&
	     !json_small(&json, "bound", 0, HUNTED_MAX_BOUND, &hunted->bound, error)) ||
	    !json_small(&json, "executed", 0, G_MAXINT, &hunted->executed, error) ||
	    !json_small(&json, "violating", 0, G_MAXINT, &hunted->violating, error) ||
	    !json_small(&json, "documented", 0, G_MAXINT, &hunted->documented, error) ||
	    !json_array(&json, "invariants", &invariants, error) ||
	    !json_array(&json, "hits", &hits, error) ||
	    !json_maybe_string(&json, "error", &message, error))
		return NULL;
	hunted->how = how;
	hunted->error = g_strdup(message);
	for (guint i = 0; i < json_array_get_length(invariants); i++) {
		if (!json_name_element(&json, "invariants", invariants, i, NAME_INVARIANT, &id, error))
			return NULL;
		g_ptr_array_add(hunted->invariants, (char *)g_intern_string(id));
	}
	for (guint i = 0; i < json_array_get_length(hits); i++) {
		Json hit;

		if (!json_element(&json, "hits", hits, i, &hit, error) || !take_hit(hunted, &hit, error))
			return NULL;
	}
	return g_steal_pointer(&hunted);
}
