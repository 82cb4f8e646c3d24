// SPDX-License-Identifier: GPL-2.0-only
#include "report/stored.h"
#include "report/unseen-text.h"

#include "catalog/origin.h"
#include "util/error.h"
#include "util/json.h"

static bool check_strings(const Json *json, const char *const *members, GError **error)
{
	for (; *members; members++) {
		const char *text;

		if (json_object_has_member(json->object, *members) &&
		    !json_string(json, *members, &text, error))
			return false;
	}
	return true;
}

static bool check_counts(const Json *json, const char *const *members, GError **error)
{
	for (; *members; members++) {
		gint64 count;

		if (!json_maybe_int(json, *members, 0, G_MAXINT64, &count, error))
			return false;
	}
	return true;
}

static bool check_violation(const Json *json, GError **error)
{
	const char *text;
	gint64 count;

	return json_name(json, "invariant", NAME_INVARIANT, &text, error) &&
	       json_name(json, "schedule", NAME_FOLDER, &text, error) &&
	       json_string(json, "reason", &text, error) &&
	       json_string(json, "kind", &text, error) &&
	       json_int(json, "switches", 0, G_MAXINT, &count, error);
}

static bool check_violations(const Json *json, const char *list, GError **error)
{
	JsonArray *violations;

	if (!json_array(json, list, &violations, error))
		return false;
	for (guint i = 0; i < json_array_get_length(violations); i++) {
		Json violation;

		if (!json_element(json, list, violations, i, &violation, error) ||
		    !check_violation(&violation, error))
			return false;
	}
	return true;
}

/* Lists of strings, as of final states. */
static bool check_texts(const Json *json, const char *member, GError **error)
{
	JsonArray *texts;

	if (!json_object_has_member(json->object, member))
		return true;
	if (!json_array(json, member, &texts, error))
		return false;
	for (guint i = 0; i < json_array_get_length(texts); i++) {
		JsonNode *node = json_array_get_element(texts, i);

		if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING &&
		    g_utf8_validate(json_node_get_string(node), -1, NULL))
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: '%s' must be an array of strings",
			    json->name, member);
		return false;
	}
	return true;
}

/* What was seen to be reported, and how often. */
static bool check_controls(const Json *json, GError **error)
{
	g_autoptr(GList) names = NULL;
	Json controls;
	gint64 count;

	if (!json_object_has_member(json->object, "controls"))
		return true;
	if (!json_object(json, "controls", &controls, error))
		return false;
	names = json_object_get_members(controls.object);
	for (GList *name = names; name; name = name->next)
		if (!json_int(&controls, name->data, 0, G_MAXINT64, &count, error))
			return false;
	return true;
}

JsonObject *stored_verdict(const char *path, GError **error)
{
	static const char *const texts[] = { "policy", "title", "kernel_kind", "kernel_title",
					     "kernel_release", "verdict", "setup", "operations",
					     NULL };
	static const char *const built[] = { "source", "patches", "config_sha256", "qemu", NULL };
	static const char *const counts[] = { "executed", "pruned", "redundant", "cycles",
					      "unsettled", "violating", "documented",
					      "distinct_final_states", NULL };
	g_autoptr(JsonObject) object = json_load(path, FILE_FOUND, error);
	Json json = { object, path }, environment;
	const char *text;
	bool complete;

	if (!object || !json_name(&json, "scenario", NAME_SCENARIO, &text, error) ||
	    !json_name(&json, "kernel", NAME_KERNEL, &text, error) ||
	    !check_strings(&json, texts, error) || !check_counts(&json, counts, error) ||
	    !json_maybe_string(&json, "bound", &text, error) ||
	    !json_maybe_bool(&json, "complete", &complete, error) ||
	    !check_texts(&json, "final_states", error) ||
	    !check_texts(&json, "unseen_verbs", error) ||
	    !check_texts(&json, "unwatched", error) ||
	    !check_texts(&json, "cycles_grown", error) ||
	    !check_texts(&json, "unsettled_differs", error) || !unseen_check(&json, error) ||
	    !failures_check(&json, error) ||
	    !check_texts(&json, "absent_hooks", error) ||
	    !check_controls(&json, error) || !check_violations(&json, "violations", error) ||
	    !check_violations(&json, "accepted", error) ||
	    !json_object(&json, "environment", &environment, error) ||
	    !json_name(&environment, "key", NAME_KEY, &text, error) ||
	    !check_strings(&environment, built, error))
		return NULL;
	for (const OriginMember *member = origin_members; member->name; member++)
		if (!check_strings(&environment, (const char *[]){ member->name, NULL }, error))
			return NULL;
	return g_steal_pointer(&object);
}

/* Every member of @json is a string. */
static bool check_all_strings(const Json *json, GError **error)
{
	g_autoptr(GList) members = json_object_get_members(json->object);

	for (GList *member = members; member; member = member->next) {
		const char *text;

		if (!json_string(json, member->data, &text, error))
			return false;
	}
	return true;
}

JsonObject *stored_facts(const char *path, GError **error)
{
	static const char *const counts[] = { "replays", "identical", NULL };
	g_autoptr(JsonObject) object = json_load(path, FILE_FOUND, error);
	Json json = { object, path }, frames;
	JsonArray *registers = NULL;

	if (!object || !check_counts(&json, counts, error) ||
	    (json_has(&json, "frames") && (!json_object(&json, "frames", &frames, error) ||
					   !check_all_strings(&frames, error))) ||
	    (json_has(&json, "registers") && !json_array(&json, "registers", &registers, error)))
		return NULL;
	for (guint i = 0; registers && i < json_array_get_length(registers); i++) {
		Json one;

		if (!json_element(&json, "registers", registers, i, &one, error) ||
		    !check_all_strings(&one, error))
			return NULL;
	}
	return g_steal_pointer(&object);
}
