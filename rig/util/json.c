// SPDX-License-Identifier: GPL-2.0-only
#include "util/json.h"

#include <string.h>

#include "util/error.h"
#include "util/u64.h"

bool json_text_is_flat(const char *text, gsize len)
{
	bool quoted = false;
	int depth = 0;

	for (gsize i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr("[{", text[i]) && text[i])
			depth++;
		else if (!quoted && strchr("]}", text[i]) && text[i])
			depth--;
		if (depth > JSON_MAX_DEPTH)
			return false;
	}
	return true;
}

static bool bad(const char *name, const char *what, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", name, what);
	return false;
}

JsonObject *json_parse(const char *text, gsize len, const char *name, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	g_autoptr(GError) local = NULL;

	if (!json_text_is_flat(text, len) || !g_utf8_validate(text, len, NULL)) {
		bad(name, "no JSON that racerig writes", error);
		return NULL;
	}
	if (!json_parser_load_from_data(parser, text, len, &local)) {
		g_autofree char *shown = name_shown(local->message);

		bad(name, shown, error);
		return NULL;
	}
	JsonNode *root = json_parser_get_root(parser);
	if (root && JSON_NODE_HOLDS_OBJECT(root))
		return json_object_ref(json_node_get_object(root));
	bad(name, "no JSON object", error);
	return NULL;
}

JsonObject *json_load(const char *path, FileSource source, GError **error)
{
	gsize len;
	g_autofree char *text = file_read(path, source, FILE_MAX_BYTES, &len, error);

	return text ? json_parse(text, len, path, error) : NULL;
}

static JsonNode *find(const Json *json, const char *member)
{
	JsonNode *node = json_object_get_member(json->object, member);

	return node && !JSON_NODE_HOLDS_NULL(node) ? node : NULL;
}

bool json_has(const Json *json, const char *member)
{
	return find(json, member) != NULL;
}

static bool wrong(const Json *json, const char *member, const char *wanted, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: '%s' must be %s%s", json->name, member, wanted,
		    find(json, member) ? "" : ", and there is none");
	return false;
}

static bool is_value(JsonNode *node, GType type)
{
	return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

bool json_string(const Json *json, const char *member, const char **ret, GError **error)
{
	JsonNode *node = find(json, member);

	if (!is_value(node, G_TYPE_STRING))
		return wrong(json, member, "a string", error);
	/* An escape may be half of a surrogate pair, and json-glib takes it. */
	if (!g_utf8_validate(json_node_get_string(node), -1, NULL))
		return wrong(json, member, "a string of whole characters", error);
	*ret = json_node_get_string(node);
	return true;
}

static bool check_name(const Json *json, const char *member, NameKind kind, const char *text,
		       GError **error)
{
	g_autofree char *where = g_strdup_printf("%s: '%s'", json->name, member);

	return name_check(kind, text, where, error);
}

bool json_name(const Json *json, const char *member, NameKind kind, const char **ret, GError **error)
{
	return json_string(json, member, ret, error) && check_name(json, member, kind, *ret, error);
}

bool json_int(const Json *json, const char *member, gint64 min, gint64 max, gint64 *ret,
	      GError **error)
{
	JsonNode *node = find(json, member);
	gint64 value = is_value(node, G_TYPE_INT64) ? json_node_get_int(node) : 0;

	if (is_value(node, G_TYPE_INT64) && value >= min && value <= max) {
		*ret = value;
		return true;
	}
	g_autofree char *wanted = g_strdup_printf(
		"a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
	return wrong(json, member, wanted, error);
}

bool json_small(const Json *json, const char *member, int min, int max, int *ret, GError **error)
{
	gint64 value;

	if (!json_int(json, member, min, max, &value, error))
		return false;
	*ret = value;
	return true;
}

bool json_interned(const Json *json, const char *member, const char **ret, GError **error)
{
	if (!json_string(json, member, ret, error))
		return false;
	*ret = g_intern_string(*ret);
	return true;
}

bool json_choice(const Json *json, const char *member, const char *const *names, int *ret,
		 GError **error)
{
	const char *text;

	if (!json_string(json, member, &text, error))
		return false;
	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*ret = i;
		return true;
	}
	g_autofree char *all = g_strjoinv(", ", (char **)names);
	g_autofree char *wanted = g_strconcat("one of ", all, NULL);
	return wrong(json, member, wanted, error);
}

bool json_hex(const Json *json, const char *member, guint64 *ret, GError **error)
{
	const char *text;

	return json_string(json, member, &text, error) &&
	       (u64_parse(text, ret) || wrong(json, member, "a 64-bit word in hex", error));
}

bool json_bool(const Json *json, const char *member, bool *ret, GError **error)
{
	JsonNode *node = find(json, member);

	if (!is_value(node, G_TYPE_BOOLEAN))
		return wrong(json, member, "true or false", error);
	*ret = json_node_get_boolean(node);
	return true;
}

bool json_array(const Json *json, const char *member, JsonArray **ret, GError **error)
{
	JsonNode *node = find(json, member);

	if (!node || !JSON_NODE_HOLDS_ARRAY(node))
		return wrong(json, member, "an array", error);
	*ret = json_node_get_array(node);
	return true;
}

bool json_array_of(const Json *json, const char *member, guint min, guint max, JsonArray **ret,
		   GError **error)
{
	JsonArray *array;

	if (!json_array(json, member, &array, error))
		return false;
	*ret = array;
	if (json_array_get_length(array) >= min && json_array_get_length(array) <= max)
		return true;
	g_autofree char *wanted = g_strdup_printf("an array of %u to %u", min, max);
	return wrong(json, member, wanted, error);
}

const char *json_text_element(JsonArray *array, guint i)
{
	JsonNode *node = json_array_get_element(array, i);

	return is_value(node, G_TYPE_STRING) ? g_intern_string(json_node_get_string(node)) : NULL;
}

bool json_object(const Json *json, const char *member, Json *ret, GError **error)
{
	JsonNode *node = find(json, member);

	if (!node || !JSON_NODE_HOLDS_OBJECT(node))
		return wrong(json, member, "an object", error);
	*ret = (Json){ json_node_get_object(node), json->name };
	return true;
}

bool json_element(const Json *json, const char *member, JsonArray *array, guint i, Json *ret,
		  GError **error)
{
	JsonNode *node = json_array_get_element(array, i);

	if (!JSON_NODE_HOLDS_OBJECT(node))
		return wrong(json, member, "an array of objects", error);
	*ret = (Json){ json_node_get_object(node), json->name };
	return true;
}

bool json_name_element(const Json *json, const char *member, JsonArray *array, guint i,
		       NameKind kind, const char **ret, GError **error)
{
	JsonNode *node = json_array_get_element(array, i);

	if (!is_value(node, G_TYPE_STRING))
		return wrong(json, member, "an array of strings", error);
	*ret = json_node_get_string(node);
	return check_name(json, member, kind, *ret, error);
}

bool json_maybe_string(const Json *json, const char *member, const char **ret, GError **error)
{
	return !json_has(json, member) || json_string(json, member, ret, error);
}

bool json_maybe_name(const Json *json, const char *member, NameKind kind, const char **ret,
		     GError **error)
{
	return !json_has(json, member) || json_name(json, member, kind, ret, error);
}

bool json_maybe_int(const Json *json, const char *member, gint64 min, gint64 max, gint64 *ret,
		    GError **error)
{
	return !json_has(json, member) || json_int(json, member, min, max, ret, error);
}

bool json_maybe_bool(const Json *json, const char *member, bool *ret, GError **error)
{
	return !json_has(json, member) || json_bool(json, member, ret, error);
}

bool json_maybe_small(const Json *json, const char *member, int min, int max, int *ret,
		      GError **error)
{
	return !json_has(json, member) || json_small(json, member, min, max, ret, error);
}

bool json_maybe_interned(const Json *json, const char *member, const char **ret, GError **error)
{
	return !json_has(json, member) || json_interned(json, member, ret, error);
}

bool json_maybe_choice(const Json *json, const char *member, const char *const *names, int *ret,
		       GError **error)
{
	return !json_has(json, member) || json_choice(json, member, names, ret, error);
}

bool json_maybe_array_of(const Json *json, const char *member, guint min, guint max,
			 JsonArray **ret, GError **error)
{
	return !json_has(json, member) || json_array_of(json, member, min, max, ret, error);
}

bool json_maybe_hex(const Json *json, const char *member, guint64 *ret, GError **error)
{
	return !json_has(json, member) || json_hex(json, member, ret, error);
}

void json_add_string(JsonObject *object, const char *member, const char *value)
{
	if (value)
		json_object_set_string_member(object, member, value);
}

void json_build_strings(JsonBuilder *builder, const char *member, char **strings)
{
	json_builder_set_member_name(builder, member);
	json_builder_begin_array(builder);
	for (; strings && *strings; strings++)
		json_builder_add_string_value(builder, *strings);
	json_builder_end_array(builder);
}

char *json_text(JsonObject *object)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	json_node_set_object(node, object);
	return json_to_string(node, FALSE);
}
