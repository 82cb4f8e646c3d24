// SPDX-License-Identifier: GPL-2.0-only
#include "step/control-record.h"

#include <string.h>

#include "util/json.h"
#include "util/kept.h"

/*
 * What is watched is a matter of drgn's helpers, too: what they said is part of the key.  So is how many of
 * the words that count are watched, which the actors' programs decide (setup_count()).
 */
static Kept record_of(const Vcpus *vcpus, const KeptAs *as)
{
	g_autofree char *all = g_strdup_printf("controls %s %s %d", as->identity, vcpus->guest->described,
					       vcpus->counts);

	return kept_init("controls", as->snapshot, all, "running the controls again");
}

static bool read_seen(const Json *json, Controls *ret)
{
	Json seen;

	memset(ret, 0, sizeof(*ret));
	if (!json->object || !json_object(json, "seen", &seen, NULL))
		return false;
	for (int kind = 0; kind < CONTROL_KINDS; kind++) {
		gint64 n = 0;

		if (!json_maybe_int(&seen, control_name(kind), 1, G_MAXINT, &n, NULL))
			return false;
		ret->seen[kind] = n;
	}
	return true;
}

static bool take(const Kept *kept, Controls *ret)
{
	g_autofree char *text = kept_read(kept);
	g_autoptr(JsonObject) object = text ? json_parse(text, strlen(text), kept->path, NULL) : NULL;
	const Json json = { object, kept->path };

	if (!text)
		return false;
	if (read_seen(&json, ret)) {
		g_info("controls have passed before: %s", kept->path);
		return true;
	}
	kept_refuse(kept, "is no record of controls");
	return false;
}

static void keep(const Kept *kept, const Controls *controls)
{
	g_autoptr(JsonObject) object = json_object_new();
	JsonObject *seen = json_object_new();

	for (int kind = 0; kind < CONTROL_KINDS; kind++)
		if (controls->seen[kind])
			json_object_set_int_member(seen, control_name(kind), controls->seen[kind]);
	json_object_set_object_member(object, "seen", seen);
	g_autofree char *text = json_text(object);
	kept_write(kept, text);
}

bool control_once(Vcpus *vcpus, const KeptAs *as, Controls *ret, GError **error)
{
	g_auto(Kept) kept = { 0 };
	int armed = sites_armed(vcpus->sites), hangs = vcpus->hangs;
	bool interrupts = vcpus->interrupts;

	if (as->identity)
		kept = record_of(vcpus, as);
	if (kept.path && !as->anew && take(&kept, ret))
		return true;
	if (!control_all(vcpus, ret, error))
		return false;
	/* Sites that only controls have stopped at are not known to be stopped at. */
	vcpus->stopped = 0;
	if (kept.path && sites_armed(vcpus->sites) == armed && vcpus->hangs == hangs &&
	    vcpus->interrupts == interrupts)
		keep(&kept, ret);
	return true;
}
