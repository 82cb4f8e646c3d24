// SPDX-License-Identifier: GPL-2.0-only
#include "event/violation.h"

#include "event/fields.h"
#include "util/u64.h"

static const char *const kinds[] = {
	[VIOLATION_SEEN] = "seen", [VIOLATION_CARRIED_OUT] = "carried-out",
	[VIOLATION_POSSIBLE] = "possible", NULL,
};

static const char *const waits[] = {
	[WAIT_LOCK] = "lock", [WAIT_SLEEP] = "sleep", [WAIT_SPIN] = "spin", NULL,
};

const char *violation_kind(ViolationKind kind)
{
	return kinds[kind];
}

Violation violation_new(const char *invariant, const char *reason, int event)
{
	return (Violation){
		.invariant = g_intern_string(invariant), .reason = g_intern_string(reason),
		.event = event, .page = -1, .vcpu = -1, .pfn = -1, .write = -1,
		.count = VIOLATION_NONE, .expected = VIOLATION_NONE,
	};
}

JsonObject *wait_json(const Wait *wait)
{
	JsonObject *object = json_object_new();

	field_add_string(object, "actor", wait->actor);
	field_add_string(object, "for", waits[wait->kind]);
	field_add_string(object, "holder", wait->holder);
	field_add_string(object, "where", wait->where);
	return object;
}

bool wait_from_json(JsonObject *object, Wait *ret)
{
	int kind = 0;

	if (!field_string(object, "actor", FIELD_REQUIRED, &ret->actor) ||
	    !field_choice(object, "for", FIELD_REQUIRED, waits, &kind) ||
	    !field_string(object, "holder", FIELD_OPTIONAL, &ret->holder) ||
	    !field_string(object, "where", FIELD_OPTIONAL, &ret->where))
		return false;
	ret->kind = kind;
	return true;
}

static void add_waits(JsonObject *object, const Violation *violation)
{
	JsonArray *array = json_array_new();

	for (int i = 0; i < violation->n_waits; i++)
		json_array_add_object_element(array, wait_json(&violation->waits[i]));
	json_object_set_array_member(object, "waits", array);
}

JsonObject *violation_json(const Violation *violation)
{
	JsonObject *object = json_object_new();

	field_add_string(object, "invariant", violation->invariant);
	field_add_string(object, "kind", kinds[violation->kind]);
	if (violation->documented)
		json_object_set_boolean_member(object, "documented", true);
	field_add_string(object, "reason", violation->reason);
	if (violation->event >= 0)
		json_object_set_int_member(object, "event", violation->event + 1);
	if (violation->page >= 0)
		json_object_set_int_member(object, "page", violation->page);
	field_add_string(object, "actor", violation->actor);
	if (violation->vcpu >= 0)
		json_object_set_int_member(object, "vcpu", violation->vcpu);
	field_add_string(object, "frame", violation->frame);
	if (violation->write >= 0)
		json_object_set_boolean_member(object, "write", violation->write);
	if (violation->count != VIOLATION_NONE)
		json_object_set_int_member(object, "count", violation->count);
	if (violation->expected != VIOLATION_NONE)
		json_object_set_int_member(object, "expected", violation->expected);
	if (violation->address)
		u64_set_member(object, "address", violation->address);
	field_add_string(object, "log", violation->log);
	if (violation->n_waits)
		add_waits(object, violation);
	return object;
}

static bool read_waits(JsonObject *object, Violation *ret)
{
	JsonArray *array = NULL;

	if (!field_array(object, "waits", FIELD_OPTIONAL, 1, VIOLATION_WAITS, &array))
		return false;
	for (guint i = 0; array && i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);

		if (!JSON_NODE_HOLDS_OBJECT(node) ||
		    !wait_from_json(json_node_get_object(node), &ret->waits[ret->n_waits++]))
			return false;
	}
	return true;
}

bool violation_from_json(JsonObject *object, Violation *ret)
{
	const char *invariant = NULL, *reason = NULL;
	int event = 0, kind = VIOLATION_SEEN;
	bool write = false;

	if (!field_string(object, "invariant", FIELD_REQUIRED, &invariant) ||
	    !field_string(object, "reason", FIELD_REQUIRED, &reason))
		return false;
	*ret = violation_new(invariant, reason, -1);
	if (!field_choice(object, "kind", FIELD_REQUIRED, kinds, &kind) ||
	    !field_bool(object, "documented", FIELD_OPTIONAL, &ret->documented) ||
	    !field_small(object, "event", FIELD_OPTIONAL, 1, G_MAXINT, &event) ||
	    !field_small(object, "page", FIELD_OPTIONAL, 0, G_MAXINT, &ret->page) ||
	    !field_string(object, "actor", FIELD_OPTIONAL, &ret->actor) ||
	    !field_small(object, "vcpu", FIELD_OPTIONAL, 0, G_MAXINT, &ret->vcpu) ||
	    !field_string(object, "frame", FIELD_OPTIONAL, &ret->frame) ||
	    !field_bool(object, "write", FIELD_OPTIONAL, &write) ||
	    !field_int(object, "count", FIELD_OPTIONAL, G_MININT64 + 1, G_MAXINT64, &ret->count) ||
	    !field_int(object, "expected", FIELD_OPTIONAL, G_MININT64 + 1, G_MAXINT64,
		       &ret->expected) ||
	    !field_hex(object, "address", FIELD_OPTIONAL, &ret->address) ||
	    !field_string(object, "log", FIELD_OPTIONAL, &ret->log))
		return false;
	ret->kind = kind;
	ret->event = event - 1;
	if (json_object_has_member(object, "write"))
		ret->write = write;
	return read_waits(object, ret);
}

char *violation_format(const Violation *violation)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, violation_json(violation));
	return json_to_string(node, FALSE);
}

bool violation_parse(const char *line, Violation *ret)
{
	g_autoptr(JsonParser) parser = json_parser_new();

	return json_parser_load_from_data(parser, line, -1, NULL) &&
	       json_parser_get_root(parser) &&
	       JSON_NODE_HOLDS_OBJECT(json_parser_get_root(parser)) &&
	       violation_from_json(json_node_get_object(json_parser_get_root(parser)), ret);
}
