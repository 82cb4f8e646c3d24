// SPDX-License-Identifier: GPL-2.0-only
#include "step/failures.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"
#include "util/u64.h"

enum { MAX_OFFSET = 4096, LAST_ARGUMENT = 5 };

/* What it is called, as few names as there are. */
static bool read_call_name(const Json *json, Failures *ret, int *ret_failing, GError **error)
{
	const char *name;

	if (!json_name(json, "name", NAME_FEATURE, &name, error))
		return false;
	for (*ret_failing = 0; *ret_failing < ret->n_names; ++*ret_failing)
		if (strcmp(ret->names[*ret_failing], name) == 0)
			return true;
	if (ret->n_names == MAX_FAILING) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "drgn: more than %d kinds of calls",
			    MAX_FAILING);
		return false;
	}
	ret->names[ret->n_names++] = g_intern_string(name);
	return true;
}

static bool in_kernel(guint64 addr, const char *what, GError **error)
{
	if ((gint64)addr < 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "drgn: no %s at 0x%" G_GINT64_MODIFIER "x",
		    what, addr);
	return false;
}

static bool read_calls(const Json *json, Failures *ret, GError **error)
{
	JsonArray *calls;
	Json each;

	if (!json_array_of(json, "calls", 0, MAX_CALLS, &calls, error))
		return false;
	for (guint i = 0; i < json_array_get_length(calls); i++) {
		FailingCall *call = &ret->calls[ret->n_calls++];

		if (!json_element(json, "calls", calls, i, &each, error) ||
		    !read_call_name(&each, ret, &call->failing, error) ||
		    !u64_member(each.object, "entry", &call->entry, error) ||
		    !u64_member(each.object, "returns", &call->returns, error) ||
		    !json_small(&each, "argument", 0, LAST_ARGUMENT, &call->argument, error) ||
		    !u64_member(each.object, "value", &call->value, error) ||
		    !in_kernel(call->entry, "call", error))
			return false;
	}
	return true;
}

static bool read_callers(const Json *json, Failures *ret, GError **error)
{
	JsonArray *callers;

	if (!json_array_of(json, "callers", 0, MAX_CALLERS, &callers, error))
		return false;
	for (guint i = 0; i < json_array_get_length(callers); i++) {
		const char *file = json_text_element(callers, i);

		if (!file || !*file) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "drgn: caller %u is no file", i);
			return false;
		}
		ret->callers[ret->n_callers++] = g_intern_string(file);
	}
	return true;
}

static bool read_left_behind(const Json *json, Failures *ret, GError **error)
{
	JsonArray *all;
	Json each;

	if (!json_array_of(json, "left_behind", 0, MAX_LEFT_BEHIND, &all, error))
		return false;
	for (guint i = 0; i < json_array_get_length(all); i++, ret->n_left_behind++)
		if (!json_element(json, "left_behind", all, i, &each, error) ||
		    !json_interned(&each, "call", &ret->left_behind[i].call, error) ||
		    !json_interned(&each, "function", &ret->left_behind[i].function, error))
			return false;
	return true;
}

static bool read_lock(const Json *json, JsonArray *locks, guint i, const Watch *watch, Failures *ret,
		      GError **error)
{
	const char *name;

	if (!json_name_element(json, "locks", locks, i, NAME_FEATURE, &name, error))
		return false;
	for (int lock = 0; lock < watch->n_locks; lock++)
		if (strcmp(watch->locks[lock].name, name) == 0) {
			ret->locks |= 1u << lock;
			return true;
		}
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "drgn: lock '%s' is not watched", name);
	return false;
}

static bool read_held(const Json *json, int n_actors, guint64 ram_bytes, Failures *ret, GError **error)
{
	JsonArray *held;

	if (!json_small(json, "count", 0, MAX_OFFSET, &ret->count, error) ||
	    !json_small(json, "entries", 0, MAX_OFFSET, &ret->entries, error) ||
	    !json_array_of(json, "held", n_actors, n_actors, &held, error))
		return false;
	for (int i = 0; i < n_actors; i++) {
		if (!u64_element(held, i, "held", &ret->held[i], error))
			return false;
		if (ret->held[i] && ret->held[i] < ram_bytes - 2 * MAX_OFFSET)
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL,
			    "drgn: the locks held by vCPU %d are nowhere", i);
		return false;
	}
	return true;
}

static bool read_giving_up(const Json *json, const Watch *watch, int n_actors, guint64 ram_bytes,
			   Failures *ret, GError **error)
{
	JsonArray *locks;
	Json body;

	if (!json_object(json, "giving_up", &body, error) ||
	    !json_array_of(&body, "locks", 0, MAX_LOCKS, &locks, error))
		return false;
	for (guint i = 0; i < json_array_get_length(locks); i++)
		if (!read_lock(&body, locks, i, watch, ret, error))
			return false;
	return !ret->locks || (u64_member(body.object, "entry", &ret->entry, error) &&
			       u64_member(body.object, "returns", &ret->returns, error) &&
			       in_kernel(ret->entry, "wait for a lock", error) &&
			       read_held(&body, n_actors, ram_bytes, ret, error));
}

bool failures_parse(JsonObject *answer, const Watch *watch, int n_actors, guint64 ram_bytes,
		    Failures *ret, GError **error)
{
	const Json json = { answer, "drgn" };

	*ret = (Failures){ 0 };
	if (!read_calls(&json, ret, error) || !read_callers(&json, ret, error) ||
	    !read_left_behind(&json, ret, error) ||
	    !read_giving_up(&json, watch, n_actors, ram_bytes, ret, error))
		return false;
	if (ret->n_calls && ret->n_callers)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "nothing of this subject on this kernel is known to fail; leave --failures out");
	return false;
}

bool failures_leave_behind(const Failures *failures, int failing, const char *function)
{
	for (int i = 0; i < failures->n_left_behind; i++)
		if (strcmp(failures->left_behind[i].call, failures->names[failing]) == 0 &&
		    strcmp(failures->left_behind[i].function, function) == 0)
			return true;
	return false;
}

const FailingCall *failures_at(const Failures *failures, guint64 pc)
{
	for (int i = 0; i < failures->n_calls; i++)
		if (failures->calls[i].entry == pc)
			return &failures->calls[i];
	return NULL;
}
