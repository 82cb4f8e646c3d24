// SPDX-License-Identifier: GPL-2.0-only
#include "event/fields.h"

#include "util/u64.h"

static bool value_of(JsonObject *object, const char *name, FieldNeed need, GType type,
		     JsonNode **ret, bool *ret_ok)
{
	*ret = json_object_get_member(object, name);
	*ret_ok = *ret ? JSON_NODE_HOLDS_VALUE(*ret) && json_node_get_value_type(*ret) == type
		       : need == FIELD_OPTIONAL;
	return *ret && *ret_ok;
}

bool field_string(JsonObject *object, const char *name, FieldNeed need, const char **ret)
{
	JsonNode *node;
	bool ok;

	if (value_of(object, name, need, G_TYPE_STRING, &node, &ok))
		*ret = g_intern_string(json_node_get_string(node));
	return ok;
}

bool field_bool(JsonObject *object, const char *name, FieldNeed need, bool *ret)
{
	JsonNode *node;
	bool ok;

	if (value_of(object, name, need, G_TYPE_BOOLEAN, &node, &ok))
		*ret = json_node_get_boolean(node);
	return ok;
}

bool field_int(JsonObject *object, const char *name, FieldNeed need, gint64 min, gint64 max,
	       gint64 *ret)
{
	JsonNode *node;
	bool ok;

	if (!value_of(object, name, need, G_TYPE_INT64, &node, &ok))
		return ok;
	gint64 value = json_node_get_int(node);
	if (value < min || value > max)
		return false;
	*ret = value;
	return true;
}

bool field_small(JsonObject *object, const char *name, FieldNeed need, int min, int max, int *ret)
{
	gint64 value = *ret;

	if (!field_int(object, name, need, min, max, &value))
		return false;
	*ret = value;
	return true;
}

bool field_hex(JsonObject *object, const char *name, FieldNeed need, guint64 *ret)
{
	const char *text = NULL;

	return field_string(object, name, need, &text) && (!text || u64_parse(text, ret));
}

bool field_choice(JsonObject *object, const char *name, FieldNeed need, const char *const *names,
		  int *ret)
{
	const char *text = NULL;

	if (!field_string(object, name, need, &text))
		return false;
	for (int i = 0; text && names[i]; i++) {
		if (g_strcmp0(names[i], text) != 0)
			continue;
		*ret = i;
		return true;
	}
	return !text;
}

bool field_array(JsonObject *object, const char *name, FieldNeed need, guint min, guint max,
		 JsonArray **ret)
{
	JsonNode *node = json_object_get_member(object, name);

	if (!node)
		return need == FIELD_OPTIONAL;
	if (!JSON_NODE_HOLDS_ARRAY(node))
		return false;
	*ret = json_node_get_array(node);
	return json_array_get_length(*ret) >= min && json_array_get_length(*ret) <= max;
}

const char *field_element(JsonArray *array, guint i)
{
	JsonNode *node = json_array_get_element(array, i);

	return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
		       ? g_intern_string(json_node_get_string(node)) : NULL;
}

void field_add_string(JsonObject *object, const char *name, const char *value)
{
	if (value)
		json_object_set_string_member(object, name, value);
}
