// SPDX-License-Identifier: GPL-2.0-only
#include "step/setup.h"

#include <stddef.h>

#include "step/control.h"
#include "util/error.h"
#include "util/lose.h"

static void operation_clear(gpointer data)
{
	g_free(((SetupOperation *)data)->text);
}

Setup *setup_new(void)
{
	Setup *setup = g_new0(Setup, 1);

	setup->operations = g_array_new(FALSE, TRUE, sizeof(SetupOperation));
	g_array_set_clear_func(setup->operations, operation_clear);
	return setup;
}

void setup_free(Setup *setup)
{
	if (!setup)
		return;
	g_array_unref(setup->operations);
	g_free(setup);
}

static void write_programs(const Guest *guest, const Setup *setup)
{
	guint64 at = guest->control_phys + offsetof(struct guest_control, programs);
	const guint64 *words = &setup->programs[0][0];

	for (gsize i = 0; i < sizeof(setup->programs) / sizeof(*words); i++)
		machine_phys64_set(guest->machine, at + i * sizeof(*words), words[i]);
}

static bool run_operation(Vcpus *vcpus, const SetupOperation *operation, GError **error)
{
	gint64 result;

	if (!control_operation(vcpus, operation->actor, operation->word, &result, error)) {
		g_prefix_error(error, "setup: '%s': ", operation->text);
		return false;
	}
	if (operation->gets_one ? result == 1 : result >= 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "setup: '%s' did not work: it returned %"
		    G_GINT64_FORMAT, operation->text, result);
	return false;
}

bool setup_program(Vcpus *vcpus, const Setup *setup, GError **error)
{
	Guest *guest = vcpus->guest;

	if (!guest_restore(guest, GUEST_PARKED, error))
		return false;
	write_programs(guest, setup);
	return guest_save(guest, GUEST_PARKED, error);
}

bool setup_run(Vcpus *vcpus, const Setup *setup, GError **error)
{
	Guest *guest = vcpus->guest;

	if (!guest_restore(guest, GUEST_PARKED, error))
		return false;
	write_programs(guest, setup);
	for (guint i = 0; i < setup->operations->len; i++)
		if (!run_operation(vcpus, &g_array_index(setup->operations, SetupOperation, i), error))
			return false;
	/* Without an operation nothing is where it was not when drgn looked before. */
	return (!setup->operations->len || guest_look(guest, error)) &&
	       guest_save(guest, GUEST_PARKED, error);
}

#define V(name, word, takes, flags, inverse, effect) [VERB_##name] = flags,
static const guint flags_of[] = { VERBS(V) };
#undef V

bool setup_count(Vcpus *vcpus, const Setup *setup, GError **error)
{
	/* Where nobody changes them their order decides nothing: for a test of that. */
	WatchCounts counts = lose("folding") ? COUNT_PROCESSES : COUNT_NONE;

	for (int actor = 0; actor < GUEST_MAX_ACTORS; actor++)
		for (int i = 0; i < MAX_OPERATIONS; i++) {
			uint8_t verb = operation_of(setup->programs[actor][i]).verb;

			if (verb == OPERATION_END)
				break;
			counts = MAX(counts, verb == VERB_EXIT ? COUNT_PROCESSES
					     : flags_of[verb] & VERB_MAPS ? COUNT_MAPPINGS
					     : flags_of[verb] & VERB_USER ? COUNT_FRAMES : COUNT_NONE);
		}
	return vcpus_count(vcpus, counts, error);
}
