// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/about.h"

#include <string.h>

#include "schedule/schedule.h"
#include "util/json.h"

enum { JOURNAL_VERSION = 3 };

static const char VERSION[] = "racerig-hunt-journal";

HuntAbout *about_new(void)
{
	HuntAbout *about = g_new0(HuntAbout, 1);

	about->shard = about->shards = 1;
	return about;
}

HuntAbout *about_copy(const HuntAbout *about)
{
	HuntAbout *copy = g_memdup2(about, sizeof(*about));

	copy->kernel = g_strdup(about->kernel);
	copy->kind = g_strdup(about->kind);
	copy->key = g_strdup(about->key);
	copy->guest = g_strdup(about->guest);
	copy->emulator = g_strdup(about->emulator);
	copy->scope.verbs = g_strdupv(about->scope.verbs);
	copy->scope.setup = g_strdup(about->scope.setup);
	copy->stop_at = g_strdup(about->stop_at);
	return copy;
}

void about_free(HuntAbout *about)
{
	if (!about)
		return;
	g_free(about->kernel);
	g_free(about->kind);
	g_free(about->key);
	g_free(about->guest);
	g_free(about->emulator);
	g_strfreev(about->scope.verbs);
	g_free(about->scope.setup);
	g_free(about->stop_at);
	g_free(about);
}

static JsonObject *to_json(const HuntAbout *about)
{
	JsonObject *object = json_object_new();

	json_object_set_int_member(object, VERSION, JOURNAL_VERSION);
	json_object_set_string_member(object, "kernel", about->kernel);
	json_object_set_string_member(object, "kind", about->kind);
	json_object_set_string_member(object, "key", about->key);
	json_object_set_string_member(object, "guest", about->guest);
	json_object_set_string_member(object, "emulator", about->emulator);
	json_object_set_boolean_member(object, "triples", about->scope.triples);
	if (about->scope.verbs) {
		JsonArray *verbs = json_array_new();

		for (char **verb = about->scope.verbs; *verb; verb++)
			json_array_add_string_element(verbs, *verb);
		json_object_set_array_member(object, "verbs", verbs);
	}
	json_add_string(object, "setup", about->scope.setup);
	json_object_set_int_member(object, "failures", about->failures);
	json_object_set_int_member(object, "max-schedules", about->max_schedules);
	json_add_string(object, "stop-at", about->stop_at);
	json_object_set_boolean_member(object, "coverage", about->coverage);
	json_object_set_int_member(object, "shard", about->shard);
	json_object_set_int_member(object, "shards", about->shards);
	return object;
}

char *about_format(const HuntAbout *about)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, to_json(about));
	return json_to_string(node, FALSE);
}

static bool take_verbs(HuntAbout *about, const Json *json, GError **error)
{
	JsonArray *verbs = NULL;

	if (!json_maybe_array_of(json, "verbs", 1, 1000, &verbs, error))
		return false;
	if (!verbs)
		return true;
	about->scope.verbs = g_new0(char *, json_array_get_length(verbs) + 1);
	for (guint i = 0; i < json_array_get_length(verbs); i++) {
		const char *verb;

		if (!json_name_element(json, "verbs", verbs, i, NAME_FEATURE, &verb, error))
			return false;
		about->scope.verbs[i] = g_strdup(verb);
	}
	return true;
}

HuntAbout *about_parse(const char *line, gsize len, const char *name, GError **error)
{
	g_autoptr(JsonObject) object = json_parse(line, len, name, error);
	const Json json = { object, name };
	g_autoptr(HuntAbout) about = about_new();
	const char *kernel, *kind, *key, *guest, *emulator, *setup = NULL, *stop_at = NULL;
	int version;

	if (!object || !json_small(&json, VERSION, JOURNAL_VERSION, JOURNAL_VERSION, &version, error) ||
	    !json_name(&json, "kernel", NAME_KERNEL, &kernel, error) ||
	    !json_name(&json, "kind", NAME_FEATURE, &kind, error) ||
	    !json_name(&json, "key", NAME_KEY, &key, error) ||
	    !json_name(&json, "guest", NAME_SCHEDULE, &guest, error) ||
	    !json_string(&json, "emulator", &emulator, error) ||
	    !json_bool(&json, "triples", &about->scope.triples, error) ||
	    !take_verbs(about, &json, error) ||
	    !json_maybe_string(&json, "setup", &setup, error) ||
	    !json_small(&json, "failures", 0, SCHEDULE_MAX_FAILURES, &about->failures, error) ||
	    !json_small(&json, "max-schedules", 1, G_MAXINT, &about->max_schedules, error) ||
	    !json_maybe_name(&json, "stop-at", NAME_INVARIANT, &stop_at, error) ||
	    !json_bool(&json, "coverage", &about->coverage, error) ||
	    !json_small(&json, "shards", 1, G_MAXINT, &about->shards, error) ||
	    !json_small(&json, "shard", 1, about->shards, &about->shard, error))
		return NULL;
	about->kernel = g_strdup(kernel);
	about->kind = g_strdup(kind);
	about->key = g_strdup(key);
	about->guest = g_strdup(guest);
	about->emulator = g_strdup(emulator);
	about->scope.setup = g_strdup(setup);
	about->stop_at = g_strdup(stop_at);
	return g_steal_pointer(&about);
}

const char *about_differs(const HuntAbout *a, const HuntAbout *b)
{
	static const char *const members[] = {
		"kernel", "kind", "key", "guest", "emulator", "triples", "verbs", "setup", "failures",
		"max-schedules", "stop-at", "coverage", NULL,
	};
	g_autoptr(JsonObject) left = to_json(a), right = to_json(b);

	for (const char *const *member = members; *member; member++) {
		JsonNode *one = json_object_get_member(left, *member);
		JsonNode *other = json_object_get_member(right, *member);
		g_autofree char *text = one ? json_to_string(one, FALSE) : NULL;
		g_autofree char *other_text = other ? json_to_string(other, FALSE) : NULL;

		if (g_strcmp0(text, other_text) != 0)
			return *member;
	}
	return NULL;
}
