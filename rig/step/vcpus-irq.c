// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts from other vCPUs: that there are some, and letting a vCPU take them. */
#include "step/vcpus.h"

void vcpus_note_queues(Vcpus *vcpus, int actor)
{
	for (int i = 0; i < vcpus->guest->n_actors; i++) {
		guint64 now = guest_irq_queue(vcpus->guest, i);

		if (now && now != vcpus->queues[i] && actor >= 0)
			vcpus_note(vcpus, (Event){ .kind = EVENT_SEND, .actor = actor, .page = -1,
					     .to = i });
		vcpus->queues[i] = now;
	}
}

bool vcpus_takes_irq(const Vcpus *vcpus, int actor)
{
	const Actor *self = &vcpus->actors[actor];

	return !self->in_irq && self->own.state != ACTOR_CRASHED &&
	       self->own.state != ACTOR_IDLE && regs_takes_interrupts(&self->own.regs) &&
	       guest_irq_queue(vcpus->guest, actor);
}

bool vcpus_serve(Vcpus *vcpus, int actor, GError **error)
{
	Actor *self = &vcpus->actors[actor];

	self->in_irq = true;
	self->irq_stood = false;
	self->irq = (Context){ .state = ACTOR_READY, .regs = self->own.regs };
	return machine_hold_interrupts(vcpus->guest->machine, vcpus_number(vcpus, actor),
				       INTERRUPTS_TIMERS_HELD, error) &&
	       vcpus_advance(vcpus, actor, false, error);
}
