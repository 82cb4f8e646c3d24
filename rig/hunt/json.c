// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/result.h"

enum { HUNT_VERSION = 3 };

static JsonObject *cause_json(const Group *group)
{
	static const char *const hows[] = {
		[BLAME_UNKNOWN] = NULL, [BLAME_ORDER] = "order",
		[BLAME_NO_SINGLE_ORDER] = "no-single-order", [BLAME_NO_ORDER] = "no-order",
	};
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "how", hows[group->blame]);
	if (group->blame == BLAME_ORDER) {
		json_object_set_int_member(object, "first", group->first);
		json_object_set_int_member(object, "second", group->second);
	}
	return object;
}

static JsonObject *group_json(const HuntResult *result, guint i)
{
	const Group *group = g_ptr_array_index(result->groups, i);
	JsonObject *object = json_object_new(), *smallest = json_object_new();
	g_autofree char *stem = hunt_stem(result, i);

	json_object_set_object_member(object, "violation", violation_json(&group->hit->violation));
	JsonArray *interleavings = json_array_new();

	for (guint j = 0; j < group->interleavings->len; j++)
		json_array_add_string_element(interleavings, g_ptr_array_index(group->interleavings, j));
	json_object_set_array_member(object, "interleavings", interleavings);
	json_add_string(object, "known", group->known);
	json_object_set_int_member(object, "combinations", group->combinations);
	json_object_set_string_member(smallest, "family", group->combination->family);
	json_object_set_string_member(smallest, "setup", group->combination->setup);
	json_object_set_string_member(smallest, "actors", group->combination->actors);
	json_object_set_int_member(smallest, "pages", group->combination->pages);
	json_object_set_int_member(smallest, "switches", group->hit->switches);
	json_object_set_int_member(smallest, "events", group->hit->events);
	json_object_set_string_member(smallest, "schedule", stem);
	json_object_set_object_member(object, "smallest", smallest);
	if (group->blame != BLAME_UNKNOWN)
		json_object_set_object_member(object, "cause", cause_json(group));
	return object;
}

/* What was not explored to its end, by name. */
static JsonArray *unfinished_json(const HuntResult *result)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < result->hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(result->hunt->hunted, i);
		const Combination *combination = g_ptr_array_index(result->hunt->combinations, i);

		if (!hunted || hunted->how == HUNTED_COMPLETE)
			continue;
		JsonObject *object = json_object_new();
		json_object_set_string_member(object, "how", hunted_how(hunted->how));
		if (hunted->how == HUNTED_BOUNDED)
			json_object_set_int_member(object, "bound", hunted->bound);
		json_object_set_string_member(object, "setup", combination->setup);
		json_object_set_string_member(object, "actors", combination->actors);
		json_object_set_int_member(object, "executed", hunted->executed);
		json_add_string(object, "error", hunted->error);
		json_array_add_object_element(array, object);
	}
	return array;
}

/* How much of each file was reached. */
static JsonArray *source_json(const Cover *cover)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < cover->files->len; i++) {
		const CoverFile *file = g_ptr_array_index(cover->files, i);
		JsonObject *object = json_object_new();

		json_object_set_string_member(object, "file", file->file);
		json_object_set_int_member(object, "functions", file->functions->len);
		json_object_set_int_member(object, "functions-reached", file->functions_reached);
		json_object_set_int_member(object, "lines", file->lines->len);
		json_object_set_int_member(object, "lines-reached", file->reached);
		json_array_add_object_element(array, object);
	}
	return array;
}

char *hunt_json(const HuntResult *result)
{
	static const char *const bounds[] = { "bound-0", "bound-1", "bound-2" };
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	JsonObject *object = json_object_new(), *counts = json_object_new();
	JsonArray *groups = json_array_new(), *gone = json_array_new();
	g_autofree char *sentence = hunt_sentence(result);
	const HuntAbout *about = result->hunt->about;

	for (guint i = 0; i < result->groups->len; i++)
		json_array_add_object_element(groups, group_json(result, i));
	for (char **name = result->gone; *name; name++)
		json_array_add_string_element(gone, *name);
	json_object_set_int_member(object, "racerig-hunt", HUNT_VERSION);
	json_object_set_string_member(object, "kernel", about->kernel);
	json_object_set_string_member(object, "key", about->key);
	json_object_set_string_member(object, "emulator", about->emulator);
	if (about->shards > 1) {
		json_object_set_int_member(object, "shard", about->shard);
		json_object_set_int_member(object, "shards", about->shards);
	}
	json_object_set_string_member(object, "verdict", result->verdict);
	json_object_set_string_member(object, "coverage", sentence);
	json_object_set_int_member(counts, "combinations", result->all);
	for (int how = 0; how < HUNTED_KINDS; how++)
		json_object_set_int_member(counts, hunted_how(how), result->how[how]);
	for (int bound = 0; bound <= HUNTED_MAX_BOUND; bound++)
		json_object_set_int_member(counts, bounds[bound], result->bounded[bound]);
	json_object_set_int_member(counts, "not-begun", result->not_begun);
	json_object_set_int_member(counts, "elsewhere", result->elsewhere);
	json_object_set_int_member(counts, "executed", (gint64)result->executed);
	json_object_set_object_member(object, "counts", counts);
	if (result->cover)
		json_object_set_array_member(object, "source", source_json(result->cover));
	json_object_set_array_member(object, "groups", groups);
	json_object_set_array_member(object, "gone", gone);
	json_object_set_array_member(object, "unfinished", unfinished_json(result));
	json_node_take_object(node, object);
	g_autofree char *json = json_to_string(node, TRUE);
	return g_strconcat(json, "\n", NULL);
}

