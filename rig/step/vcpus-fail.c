// SPDX-License-Identifier: GPL-2.0-only
/* Calls that may fail, and locks that may be given up (step/failures.h). */
#include "step/vcpus.h"

#include <string.h>

#include "machine/images.h"
#include "machine/track.h"
#include "util/error.h"
#include "util/lose.h"

enum { MAX_HELD = 31 };

bool vcpus_set_failures(Vcpus *vcpus, const Failures *failures, GError **error)
{
	Machine *machine = vcpus->guest->machine;

	for (int i = 0; i < failures->n_calls; i++)
		if (!machine_is_break(machine, failures->calls[i].entry) &&
		    !machine_break(machine, failures->calls[i].entry, true, error))
			return false;
	vcpus->failures = failures;
	return true;
}

/* Behind the sync of all it is looked at what they have done before: nothing fails there. */
static bool is_to_fail(const Vcpus *vcpus)
{
	return vcpus->failures && !vcpus->synced;
}

static bool is_caller(const Vcpus *vcpus, guint64 pc)
{
	g_autofree char *unit = symbols_unit(vcpus->guest->symbols, pc);

	for (int i = 0; unit && i < vcpus->failures->n_callers; i++)
		if (g_str_equal(unit, vcpus->failures->callers[i]))
			return true;
	return false;
}

/* Of the call that has brought the vCPU to a function's entry. */
static bool call_site(Vcpus *vcpus, int actor, guint64 *ret, GError **error)
{
	guint64 back;

	if (!machine_word(vcpus->guest->machine, vcpus_number(vcpus, actor),
			  regs_return_to(&vcpus_context(vcpus, actor)->regs), &back, error))
		return false;
	*ret = insn_call_before(back);
	return true;
}

static bool leaves_behind(const Vcpus *vcpus, const FailingCall *call, guint64 site)
{
	const char *function;
	guint64 start, size;

	return symbols_function(vcpus->guest->symbols, site, &function, &start, &size) &&
	       failures_leave_behind(vcpus->failures, call->failing, function);
}

bool vcpus_find_call(Vcpus *vcpus, int actor, Event *ret, GError **error)
{
	const Context *at = vcpus_context(vcpus, actor);
	const FailingCall *call = is_to_fail(vcpus) && !vcpus->actors[actor].in_irq
		? failures_at(vcpus->failures, at->regs.pc) : NULL;
	guint64 site;

	*ret = (Event){ .kind = EVENT_NONE };
	if (!call)
		return true;
	if (!call_site(vcpus, actor, &site, error))
		return false;
	if (!is_caller(vcpus, site))
		return true;
	*ret = (Event){ .kind = EVENT_CALL, .actor = actor, .page = -1, .failing = call->failing,
			.leaves = leaves_behind(vcpus, call, site), .pc = site };
	return sites_learn_call(vcpus->sites, vcpus_number(vcpus, actor), site, error);
}

bool vcpus_may_be_given_up(const Vcpus *vcpus, int lock)
{
	return is_to_fail(vcpus) && (vcpus->failures->locks >> lock & 1);
}

/* As if the function that the vCPU is about to begin had ended. */
static bool come_back(Vcpus *vcpus, int actor, guint64 returns, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	Context *at = vcpus_context(vcpus, actor);
	int vcpu = vcpus_number(vcpus, actor);
	RegWrite writes[REGS_RETURN];
	guint64 back;

	if (!machine_word(machine, vcpu, regs_return_to(&at->regs), &back, error))
		return false;
	regs_return(&at->regs, back, returns, writes);
	for (int i = 0; i < REGS_RETURN; i++)
		if (!machine_set(machine, vcpu, writes[i], error))
			return false;
	return machine_regs(machine, vcpu, &at->regs, error);
}

/* To @to alone, past whatever else is there to stop at. */
static bool run_to(Vcpus *vcpus, int actor, guint64 to, GError **error)
{
	enum { MAX_STOPS = 1000 };
	Machine *machine = vcpus->guest->machine;
	Context *at = vcpus_context(vcpus, actor);
	bool had = machine_is_break(machine, to), step = false;
	Stop stop;

	if (!had && !machine_break(machine, to, true, error))
		return false;
	for (int i = 0; i < MAX_STOPS && at->regs.pc != to; i++) {
		if (!(step ? machine_step : machine_run)(machine, vcpus_number(vcpus, actor), &stop, error) ||
		    !machine_regs(machine, vcpus_number(vcpus, actor), &at->regs, error))
			return false;
		step = machine_is_break(machine, at->regs.pc);
	}
	if (at->regs.pc == to)
		return had || machine_break(machine, to, false, error);
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "%s does not come to where a call fails", vcpus->guest->report.actors[actor].name);
	return false;
}

/* What release_held_lock_entry() does: the entry that was made for this attempt goes. */
static bool release_entry(Vcpus *vcpus, int actor, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	const Failures *failures = vcpus->failures;
	guint64 count_at = failures->held[actor] + failures->count;
	guint64 word = machine_phys64(machine, count_at), count = word & G_MAXUINT32;

	if (count < 1 || count > MAX_HELD) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "vCPU %d holds %u locks, by its table",
			    vcpus_number(vcpus, actor), (guint)count);
		return false;
	}
	machine_phys64_set(machine, failures->held[actor] + failures->entries +
			   (count - 1) * sizeof(guint64), 0);
	machine_phys64_set(machine, count_at, word - 1);
	return true;
}

/* The attempt is made, and finds the lock held: to where its vCPU begins to wait. */
static bool attempt_lock(Vcpus *vcpus, int actor, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	Context *at = vcpus_context(vcpus, actor);
	int vcpu = vcpus_number(vcpus, actor);
	Stop stop;

	return machine_step_watched(machine, vcpu, at->pending.pc, &stop, error) &&
	       machine_regs(machine, vcpu, &at->regs, error) &&
	       run_to(vcpus, actor, vcpus->failures->entry, error);
}

/* At the entry of what is to fail.  @call: NULL for the wait for a lock. */
static bool make_fail(Vcpus *vcpus, int actor, const FailingCall *call, GError **error)
{
	return (call || lose("held-table") || release_entry(vcpus, actor, error)) &&
	       come_back(vcpus, actor, call ? call->returns : vcpus->failures->returns, error);
}

/*
 * The lock as one more that is held by who attempts it: the wait ends at once (check_deadlock_AA()) and
 * not after a quarter of a second of guest time, and leaves the same but for what it returns.
 */
static void hold_entry(Vcpus *vcpus, int actor)
{
	Machine *machine = vcpus->guest->machine;
	const Failures *failures = vcpus->failures;
	guint64 count_at = failures->held[actor] + failures->count;
	guint64 word = machine_phys64(machine, count_at), count = word & G_MAXUINT32;
	guint64 top = failures->held[actor] + failures->entries + (count - 1) * sizeof(guint64);

	machine_phys64_set(machine, top + sizeof(guint64), machine_phys64(machine, top));
	machine_phys64_set(machine, count_at, word + 1);
}

/* By itself: a call that is asked for what it refuses, a wait that is a deadlock. */
static bool really_fail(Vcpus *vcpus, int actor, const FailingCall *call, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	Context *at = vcpus_context(vcpus, actor);
	int vcpu = vcpus_number(vcpus, actor);
	guint64 back;

	if (!machine_word(machine, vcpu, regs_return_to(&at->regs), &back, error))
		return false;
	if (call)
		return machine_set(machine, vcpu, reg_argument(call->argument, call->value), error) &&
		       run_to(vcpus, actor, back, error);
	hold_entry(vcpus, actor);
	return run_to(vcpus, actor, back, error) && (gint32)regs_result(&at->regs) < 0 &&
	       release_entry(vcpus, actor, error) &&
	       machine_set(machine, vcpu, reg_result(vcpus->failures->returns), error) &&
	       machine_regs(machine, vcpu, &at->regs, error);
}

static void add_differing(gsize page, const guint8 *before, const guint8 *now, gpointer words)
{
	for (gsize at = 0; at < TRACK_PAGE; at += sizeof(guint64)) {
		g_autofree char *text = g_strdup_printf("0x%zx", page * TRACK_PAGE + at);

		if (memcmp(before + at, now + at, sizeof(guint64)) != 0)
			json_array_add_string_element(words, text);
	}
}

/* In memory, but what may grow and the dead stack; and in what a caller finds in registers. */
static bool is_same(Vcpus *vcpus, int actor, const Mark *made, const Regs *regs, GError **error)
{
	const Context *at = vcpus_context(vcpus, actor);
	g_autoptr(JsonArray) words = json_array_new(), stacks = json_array_new();
	JsonObject *request = json_object_new();
	bool same = regs_alike_to_caller(&at->regs, regs);

	g_autofree char *stack = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", regs_sp(regs));
	json_array_add_string_element(stacks, stack);
	json_object_set_string_member(request, "op", "differences");
	json_object_set_array_member(request, "stacks", json_array_ref(stacks));
	json_object_set_array_member(request, "words", json_array_ref(words));
	g_autoptr(JsonObject) answer =
		machine_since(vcpus->guest->machine, made, add_differing, words, error)
		? analyst_ask(vcpus->guest->analyst, request, error) : NULL;
	if (!answer)
		return false;
	g_autoptr(JsonNode) other = json_node_copy(json_object_get_member(answer, "other"));
	g_autofree char *names = json_to_string(other, FALSE);
	g_message("compared with a failure by itself: %u words of memory differ, not allowed: %s",
		  json_array_get_length(words), names);
	if (same && json_array_get_length(json_node_get_array(other)) == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "a call that is made to fail leaves other %s than one "
		    "that fails by itself: %s", same ? "memory" : "registers", names);
	return false;
}

/* Both from where it stands: it is left as one that has failed by itself. */
static bool compare_failures(Vcpus *vcpus, int actor, const FailingCall *call, GError **error)
{
	static const char before[] = "failure";
	Guest *guest = vcpus->guest;
	Context *at = vcpus_context(vcpus, actor);

	if (!guest_save(guest, before, error) || !make_fail(vcpus, actor, call, error))
		return false;
	Regs regs = at->regs;
	Mark *made = machine_mark(guest->machine, before, error);
	bool same = made && guest_restore(guest, before, error) &&
		    machine_regs(guest->machine, vcpus_number(vcpus, actor), &at->regs, error) &&
		    really_fail(vcpus, actor, call, error) && is_same(vcpus, actor, made, &regs, error);
	mark_free(made);
	return same;
}

Event vcpus_pending_failure(const Vcpus *vcpus, int actor)
{
	Event event = vcpus->actors[actor].own.pending;

	event.gives_up = event.kind == EVENT_LOCK;
	event.kind = EVENT_FAIL;
	event.guards = false;
	return event;
}

bool vcpus_can_fail(const Vcpus *vcpus, int actor)
{
	const Actor *self = &vcpus->actors[actor];
	const Event *pending = &self->own.pending;

	return is_to_fail(vcpus) && vcpus->failures_left > 0 && !self->in_irq &&
	       self->own.state == ACTOR_READY &&
	       (pending->kind == EVENT_CALL ||
		(pending->kind == EVENT_LOCK && vcpus_may_be_given_up(vcpus, pending->lock)));
}

bool vcpus_fail(Vcpus *vcpus, int actor, Event *ret_event, GError **error)
{
	*ret_event = vcpus_pending_failure(vcpus, actor);
	vcpus_ptes(vcpus, ret_event->before);
	if (ret_event->gives_up && !attempt_lock(vcpus, actor, error))
		return false;
	const FailingCall *call = failures_at(vcpus->failures, vcpus_context(vcpus, actor)->regs.pc);
	g_assert(call || ret_event->gives_up);
	if (!(lose("forgery") ? compare_failures : make_fail)(vcpus, actor, call, error))
		return false;
	vcpus->failures_left--;
	vcpus_ptes(vcpus, ret_event->after);
	/* Where it has come back to may be the next event: running stops there at once. */
	return vcpus_advance(vcpus, actor, false, error);
}
