// SPDX-License-Identifier: GPL-2.0-only
#include "step/vcpus.h"

/* The first interrupt from another vCPU makes a difference to what is an event. */
static void look_for_interrupts(Vcpus *vcpus)
{
	for (int i = 0; i < vcpus->guest->n_actors && !vcpus->interrupts; i++)
		if (guest_irq_queue(vcpus->guest, i))
			vcpus->interrupts = vcpus->new_site = true;
}

/*
 * An interrupt ends the sleep, and none is taken before the halt where we stand:
 * wake the vCPU for nothing.  Its idle loop sees whether there is something to do.
 */
static bool wake(Vcpus *vcpus, int actor, HoldInterrupts hold, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	const Site *sleep = sites_find(vcpus->sites, vcpus->actors[actor].own.regs.pc);
	guint64 next = sleep->insn.pc + sleep->insn.length;
	int vcpu = vcpus_number(vcpus, actor);

	return machine_hold_interrupts(machine, vcpu, hold, error) &&
	       machine_set(machine, vcpu, reg_pc(next), error) &&
	       vcpus_advance(vcpus, actor, false, error) &&
	       machine_hold_interrupts(machine, vcpu, INTERRUPTS_HELD, error);
}

/* One that spins looks again. */
static bool look_again(Vcpus *vcpus, int actor, bool timers, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	int vcpu = vcpus_number(vcpus, actor);

	return (!timers || machine_hold_interrupts(machine, vcpu, INTERRUPTS_OPEN, error)) &&
	       vcpus_advance(vcpus, actor, true, error) &&
	       (!timers || machine_hold_interrupts(machine, vcpu, INTERRUPTS_HELD, error));
}

/* It has ended, and so has what its vCPU had to do after it. */
static bool is_over(const Actor *self)
{
	return self->done && self->own.state != ACTOR_READY && self->own.state != ACTOR_SPINNING;
}

/*
 * The first that stands at its sync; -1: nobody does, or not all that have not ended.  An interrupt that
 * waits is of what was done before.
 */
static int first_at_sync(const Vcpus *vcpus)
{
	int first = -1;

	for (int i = 0; i < vcpus->guest->n_actors; i++) {
		const Actor *self = &vcpus->actors[i];

		if (self->in_irq || guest_irq_queue(vcpus->guest, i) ||
		    (self->own.state != ACTOR_SYNC && !is_over(self)))
			return -1;
		if (first < 0 && self->own.state == ACTOR_SYNC)
			first = i;
	}
	return first;
}

bool vcpus_end_sync(Vcpus *vcpus, GError **error)
{
	int first;

	/* Who does nothing more that is an event comes to its end at once, and it is the next one's turn. */
	while ((first = first_at_sync(vcpus)) >= 0 && !vcpus->new_site) {
		if (!vcpus->synced) {
			vcpus->synced = true;
			if (vcpus->pauses)
				return true;
		}
		if (!vcpus_advance(vcpus, first, true, error))
			return false;
	}
	return true;
}

bool vcpus_poll(Vcpus *vcpus, bool timers, GError **error)
{
	look_for_interrupts(vcpus);
	/* A tick ends a spin that nothing else would. */
	if (timers && sites_arm_later(vcpus->sites, error) < 0)
		return false;
	for (int i = 0; i < vcpus->guest->n_actors && !vcpus->new_site; i++) {
		ActorState state = vcpus_context(vcpus, i)->state;

		if (state == ACTOR_IDLE
		    ? !wake(vcpus, i, timers ? INTERRUPTS_OPEN : INTERRUPTS_TIMERS_HELD, error)
		    : state == ACTOR_SPINNING && !look_again(vcpus, i, timers, error))
			return false;
	}
	return vcpus->new_site || vcpus_end_sync(vcpus, error);
}

Wait vcpus_wait_of(Vcpus *vcpus, int actor)
{
	const struct guest_actor *actors = vcpus->guest->report.actors;
	const Context *self = vcpus_context(vcpus, actor);
	Wait wait = { .actor = g_intern_string(actors[actor].name) };

	if (self->state == ACTOR_READY && self->pending.kind == EVENT_LOCK) {
		wait.kind = WAIT_LOCK;
		wait.lock = vcpus->guest->watch.locks[self->pending.lock].name;
		int holder = vcpus->holders[self->pending.lock];
		if (holder >= 0)
			wait.holder = g_intern_string(actors[holder].name);
		return wait;
	}
	g_autofree char *where = symbols_describe(vcpus->guest->symbols, self->regs.pc);
	wait.kind = self->state == ACTOR_IDLE ? WAIT_SLEEP : WAIT_SPIN;
	wait.where = g_intern_string(where);
	return wait;
}
