// SPDX-License-Identifier: GPL-2.0-only
#include "explore/failing.h"

bool failing_ask(Guest *guest, const char *subject, Failures *ret, GError **error)
{
	JsonObject *request = json_object_new();

	guest->report.has_deferred_work = true;
	json_object_set_string_member(request, "op", "failures");
	json_object_set_string_member(request, "subject", subject);
	json_object_set_member(request, "keep", json_node_copy(guest->keep));
	json_object_set_int_member(request, "cpus", guest->n_actors);
	g_autoptr(JsonObject) answer = analyst_ask(guest->analyst, request, error);
	return answer && failures_parse(answer, &guest->watch, guest->n_actors,
					machine_ram_bytes(guest->machine), ret, error);
}
