// SPDX-License-Identifier: GPL-2.0-only
#include "event/violation.h"

#include <string.h>

#include "util/json.h"
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

	json_add_string(object, "actor", wait->actor);
	json_add_string(object, "for", waits[wait->kind]);
	json_add_string(object, "lock", wait->lock);
	json_add_string(object, "holder", wait->holder);
	json_add_string(object, "where", wait->where);
	return object;
}

bool wait_from_json(const Json *json, Wait *ret, GError **error)
{
	int kind = 0;

	if (!json_interned(json, "actor", &ret->actor, error) ||
	    !json_choice(json, "for", waits, &kind, error) ||
	    (kind == WAIT_LOCK && !json_interned(json, "lock", &ret->lock, error)) ||
	    !json_maybe_interned(json, "holder", &ret->holder, error) ||
	    !json_maybe_interned(json, "where", &ret->where, error))
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

	json_add_string(object, "invariant", violation->invariant);
	json_add_string(object, "kind", kinds[violation->kind]);
	if (violation->documented)
		json_object_set_boolean_member(object, "documented", true);
	json_add_string(object, "reason", violation->reason);
	if (violation->event >= 0)
		json_object_set_int_member(object, "event", violation->event + 1);
	if (violation->page >= 0)
		json_object_set_int_member(object, "page", violation->page);
	json_add_string(object, "actor", violation->actor);
	if (violation->vcpu >= 0)
		json_object_set_int_member(object, "vcpu", violation->vcpu);
	json_add_string(object, "frame", violation->frame);
	if (violation->write >= 0)
		json_object_set_boolean_member(object, "write", violation->write);
	if (violation->count != VIOLATION_NONE)
		json_object_set_int_member(object, "count", violation->count);
	if (violation->expected != VIOLATION_NONE)
		json_object_set_int_member(object, "expected", violation->expected);
	if (violation->address)
		u64_set_member(object, "address", violation->address);
	json_add_string(object, "log", violation->log);
	json_add_string(object, "word", violation->word);
	json_add_string(object, "lock", violation->lock);
	if (violation->n_waits)
		add_waits(object, violation);
	return object;
}

static bool read_waits(const Json *json, Violation *ret, GError **error)
{
	JsonArray *array = NULL;

	if (!json_maybe_array_of(json, "waits", 1, VIOLATION_WAITS, &array, error))
		return false;
	for (guint i = 0; array && i < json_array_get_length(array); i++) {
		Json one;

		if (!json_element(json, "waits", array, i, &one, error) ||
		    !wait_from_json(&one, &ret->waits[ret->n_waits++], error))
			return false;
	}
	return true;
}

bool violation_from_json(const Json *json, Violation *ret, GError **error)
{
	const char *invariant = NULL, *reason = NULL;
	int event = 0, kind = VIOLATION_SEEN;
	bool write = false;

	if (!json_name(json, "invariant", NAME_INVARIANT, &invariant, error) ||
	    !json_string(json, "reason", &reason, error))
		return false;
	*ret = violation_new(invariant, reason, -1);
	if (!json_choice(json, "kind", kinds, &kind, error) ||
	    !json_maybe_bool(json, "documented", &ret->documented, error) ||
	    !json_maybe_small(json, "event", 1, G_MAXINT, &event, error) ||
	    !json_maybe_small(json, "page", 0, MAX_PAGES - 1, &ret->page, error) ||
	    !json_maybe_interned(json, "actor", &ret->actor, error) ||
	    !json_maybe_small(json, "vcpu", 0, MAX_ACTORS - 1, &ret->vcpu, error) ||
	    !json_maybe_interned(json, "frame", &ret->frame, error) ||
	    !json_maybe_bool(json, "write", &write, error) ||
	    !json_maybe_int(json, "count", G_MININT64 + 1, G_MAXINT64, &ret->count, error) ||
	    !json_maybe_int(json, "expected", G_MININT64 + 1, G_MAXINT64, &ret->expected, error) ||
	    !json_maybe_hex(json, "address", &ret->address, error) ||
	    !json_maybe_interned(json, "log", &ret->log, error) ||
	    !json_maybe_interned(json, "word", &ret->word, error) ||
	    !json_maybe_interned(json, "lock", &ret->lock, error))
		return false;
	ret->kind = kind;
	ret->event = event - 1;
	if (json_has(json, "write"))
		ret->write = write;
	return read_waits(json, ret, error);
}

char *violation_format(const Violation *violation)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, violation_json(violation));
	return json_to_string(node, FALSE);
}

bool violation_parse(const char *line, Violation *ret)
{
	g_autoptr(JsonObject) object = json_parse(line, strlen(line), "violation", NULL);
	Json json = { object, "violation" };

	return object && violation_from_json(&json, ret, NULL);
}
