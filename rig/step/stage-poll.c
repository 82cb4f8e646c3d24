// SPDX-License-Identifier: GPL-2.0-only
#include "step/stage.h"

/* The first interrupt from another vCPU makes a difference to what is an event. */
static void look_for_interrupts(Stage *stage)
{
	for (int i = 0; i < stage->guest->n_actors && !stage->interrupts; i++)
		if (guest_irq_queue(stage->guest, i))
			stage->interrupts = stage->new_site = true;
}

/*
 * An interrupt ends the sleep, and none is taken before the halt where we stand:
 * wake the vCPU for nothing.  Its idle loop sees whether there is something to do.
 */
static bool wake(Stage *stage, int actor, HoldInterrupts hold, GError **error)
{
	Machine *machine = stage->guest->machine;
	const Site *sleep = sites_find(stage->sites, stage->actors[actor].own.regs.pc);
	guint64 next = sleep->insn.pc + sleep->insn.length;
	int vcpu = stage_vcpu(stage, actor);

	return machine_hold_interrupts(machine, vcpu, hold, error) &&
	       machine_set(machine, vcpu, reg_pc(next), error) &&
	       stage_advance(stage, actor, false, error) &&
	       machine_hold_interrupts(machine, vcpu, INTERRUPTS_HELD, error);
}

/* One that spins looks again. */
static bool look_again(Stage *stage, int actor, bool timers, GError **error)
{
	Machine *machine = stage->guest->machine;
	int vcpu = stage_vcpu(stage, actor);

	return (!timers || machine_hold_interrupts(machine, vcpu, INTERRUPTS_OPEN, error)) &&
	       stage_advance(stage, actor, true, error) &&
	       (!timers || machine_hold_interrupts(machine, vcpu, INTERRUPTS_HELD, error));
}

/* The first that stands at its sync; -1: nobody does, or not all that have not ended. */
static int first_at_sync(const Stage *stage)
{
	int first = -1;

	for (int i = 0; i < stage->guest->n_actors; i++) {
		const Actor *self = &stage->actors[i];

		if (self->in_irq || (self->own.state != ACTOR_SYNC && !self->done))
			return -1;
		if (first < 0 && self->own.state == ACTOR_SYNC)
			first = i;
	}
	return first;
}

bool stage_end_sync(Stage *stage, GError **error)
{
	int first;

	/* Who does nothing more that is an event comes to its end at once, and it is the next one's turn. */
	while ((first = first_at_sync(stage)) >= 0 && !stage->new_site) {
		if (!stage->synced) {
			stage->synced = true;
			if (stage->pauses)
				return true;
		}
		if (!stage_advance(stage, first, true, error))
			return false;
	}
	return true;
}

bool stage_poll(Stage *stage, bool timers, GError **error)
{
	look_for_interrupts(stage);
	/* A tick ends a spin that nothing else would. */
	if (timers && sites_arm_later(stage->sites, error) < 0)
		return false;
	for (int i = 0; i < stage->guest->n_actors && !stage->new_site; i++) {
		ActorState state = stage_context(stage, i)->state;

		if (state == ACTOR_IDLE
		    ? !wake(stage, i, timers ? INTERRUPTS_OPEN : INTERRUPTS_TIMERS_HELD, error)
		    : state == ACTOR_SPINNING && !look_again(stage, i, timers, error))
			return false;
	}
	return stage->new_site || stage_end_sync(stage, error);
}
