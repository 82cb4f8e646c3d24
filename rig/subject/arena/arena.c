// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF arenas.  What is watched of them analysis/helpers/subjects/arena.py says; here is what
 * their invariants need of events and of what the actors have told.
 */
#include "subject/subject.h"

#include "check/check.h"
#include "guest/guest.h"

static JsonArray *bits_array(guint32 bits, int n)
{
	JsonArray *array = json_array_new();

	for (int i = 0; i < n; i++)
		json_array_add_boolean_element(array, bits >> i & 1);
	return array;
}

/* What the actors have told of pages reserved, and of those freed and wanted by nobody else. */
static void add_told(JsonObject *request, const Guest *guest)
{
	guint32 reserved = 0, freed = 0, wanted = 0;

	for (int i = 0; i < guest->n_actors; i++) {
		struct guest_actor actor = guest_actor_report(guest, i);

		reserved |= actor.reserved;
		freed |= actor.freed;
		wanted |= actor.wanted;
	}
	json_object_set_array_member(request, "reserved", bits_array(reserved, guest->n_pages));
	json_object_set_array_member(request, "given_up",
				     bits_array(freed & ~wanted, guest->n_pages));
}

/* The faults that the programs should have been told of. */
static JsonArray *faults_taken(const Check *check, int oopser)
{
	const GArray *taken = check->faults_taken;
	JsonArray *faults = json_array_new();

	for (guint i = 0; i < taken->len; i++) {
		const FaultTaken *fault = &g_array_index(taken, FaultTaken, i);
		JsonArray *told;

		if (fault->actor == oopser)
			continue;
		told = json_array_new();
		json_array_add_int_element(told, fault->program);
		json_array_add_int_element(told, fault->page);
		json_array_add_boolean_element(told, fault->write);
		json_array_add_array_element(faults, told);
	}
	return faults;
}

static void add_facts(JsonObject *request, const Check *check, const Guest *guest, int oopser)
{
	add_told(request, guest);
	json_object_set_boolean_member(request, "scratch_written", check->scratch_written);
	json_object_set_array_member(request, "faults", faults_taken(check, oopser));
}

/* An address that the books have as free can be allocated. */
static void judge_success(Check *check, int actor, gint64 result)
{
	if (result == 1)
		return;
	Violation found = check_violation(check, "I4", "allocation-failed", NULL);
	check_blame(check, &found, actor);
	check_found(check, &found);
}

static const Subject arena = {
	.name = "arena",
	.add_facts = add_facts,
	.judge_success = judge_success,
};
SUBJECT(arena);
