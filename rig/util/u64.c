// SPDX-License-Identifier: GPL-2.0-only
#include "util/u64.h"

#include "util/error.h"

bool u64_parse(const char *text, guint64 *ret)
{
	return text && g_str_has_prefix(text, "0x") &&
	       g_ascii_string_to_unsigned(text + 2, 16, 0, G_MAXUINT64, ret, NULL);
}

static bool parse_node(JsonNode *node, const char *name, guint64 *ret, GError **error)
{
	bool is_text = node && JSON_NODE_HOLDS_VALUE(node) &&
		       json_node_get_value_type(node) == G_TYPE_STRING;

	if (is_text && u64_parse(json_node_get_string(node), ret))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
		    "'%s' is no 64-bit word (text, as in \"0x1f\")", name);
	return false;
}

bool u64_member(JsonObject *object, const char *name, guint64 *ret, GError **error)
{
	return parse_node(json_object_get_member(object, name), name, ret, error);
}

bool u64_element(JsonArray *array, guint i, const char *name, guint64 *ret, GError **error)
{
	JsonNode *node = i < json_array_get_length(array) ? json_array_get_element(array, i) : NULL;

	return parse_node(node, name, ret, error);
}

void u64_set_member(JsonObject *object, const char *name, guint64 value)
{
	g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", value);

	json_object_set_string_member(object, name, text);
}

void u64_add_element(JsonArray *array, guint64 value)
{
	g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", value);

	json_array_add_string_element(array, text);
}
