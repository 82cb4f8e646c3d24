// SPDX-License-Identifier: GPL-2.0-only
#include "explore/stress.h"

#include <string.h>

#include "check/check.h"
#include "explore/session.h"
#include "explore/snapshot.h"
#include "guest/guest-end.h"
#include "guest/guest.h"
#include "report/trace.h"

void stress_free(Stress *stress)
{
	if (!stress)
		return;
	g_clear_pointer(&stress->found, g_array_unref);
	g_free(stress->unread);
	g_free(stress->console);
	g_free(stress);
}

static bool any_writes(const GPtrArray *list)
{
	for (guint i = 0; i < list->len; i++) {
		const Operation *operation = g_ptr_array_index(list, i);
		enum verb verb = operation_of(operation->word).verb;

		if (verb == VERB_WRITE || verb == VERB_POKE || verb == VERB_STRAY_WRITE)
			return true;
	}
	return false;
}

/* Whether the kernel stores through arena pointers in it; of a .c nobody knows. */
static bool may_write(const Scenario *scenario)
{
	const Operations *operations = scenario->operations;
	bool writes = !operations || any_writes(operations->setup);

	for (guint i = 0; !writes && i < operations->actors->len; i++)
		writes = any_writes(((TextActor *)g_ptr_array_index(operations->actors, i))->operations);
	return writes;
}

/* Not judged by what only holds where the kernel stores nothing. */
static bool is_left_out(const Stress *stress, const char *invariant)
{
	return stress->scratch_written && strcmp(invariant, "I8") == 0;
}

static bool is_judged(const Stress *stress, const Violation *found)
{
	const InvariantReason *reason = invariant_reason(found->invariant, found->reason);

	return reason && reason->from == REASON_STATE && !is_left_out(stress, found->invariant);
}

/* No event has been seen, so whatever needs one would be wrong. */
static bool judge(Stress *stress, Guest *guest, GError **error)
{
	g_autoptr(End) end = end_new(ENDED_DONE);
	g_autoptr(GArray) frames = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(Trace) trace = trace_new(guest, NULL, &NOTHING_DECLARED, NULL, NULL, NULL);
	g_autoptr(Check) check = check_new(trace_header(trace));
	guint64 ptes[MAX_PTES];

	if (!guest_end(guest, guest->subject, frames, end, error))
		return false;
	for (int i = 0; i < end->n_actors; i++)
		end->actors[i].state = stress->how == LOOPS_ENDED ? END_RETURNED : END_WAITS;
	guest_ptes(guest, ptes);
	check_begin(check, ptes);
	check_end(check, end);
	for (guint i = 0; i < check->violations->len; i++) {
		const Violation *found = &g_array_index(check->violations, Violation, i);

		if (is_judged(stress, found))
			g_array_append_val(stress->found, *found);
	}
	return true;
}

Stress *stress_run(const Scenario *scenario, const Kernel *kernel, const char *connect, MachineAccel accel,
		   int seconds, GCancellable *cancel, GError **error)
{
	g_autoptr(GuestSpec) spec = session_guest_spec(kernel, scenario, connect, error);
	g_autoptr(Stress) stress = g_new0(Stress, 1);
	g_autoptr(GError) local = NULL;

	if (!spec)
		return NULL;
	spec->accel = accel;
	stress->found = g_array_new(FALSE, FALSE, sizeof(Violation));
	stress->scratch_written = may_write(scenario);
	g_autoptr(Guest) guest = guest_stress(spec, seconds, &stress->how, cancel, error);
	if (!guest)
		return NULL;
	stress->console = machine_console(guest->machine);
	/* What is left of a kernel that died need not make sense to drgn. */
	if (!judge(stress, guest, &local))
		stress->unread = g_strdup(local->message);
	return g_steal_pointer(&stress);
}

bool stress_found(const Stress *stress)
{
	return stress->how != LOOPS_ENDED || stress->found->len > 0;
}

char *stress_checks(const Stress *stress)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gsize n;
	const Invariant *const *all = invariant_list(&n);

	for (gsize i = 0; i < n; i++)
		for (const InvariantReason *reason = all[i]->reasons; reason->token; reason++)
			if (reason->from == REASON_STATE && !is_left_out(stress, all[i]->id))
				g_string_append_printf(text, "%s%s %s", text->len ? ", " : "", all[i]->id,
						       reason->token);
	return g_string_free(g_steal_pointer(&text), FALSE);
}
