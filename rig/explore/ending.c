// SPDX-License-Identifier: GPL-2.0-only
#include "explore/ending.h"

#include "arch/arch.h"
#include "guest/guest-end.h"

/* The watched page that the address of the vCPU's last page fault lies in; -1: none. */
static int fault_page(const Session *session, int actor)
{
	guint64 address = stepper_regs(session->stepper, actor)->fault;

	for (int i = 0; i < session->guest->n_pages; i++)
		if (address - session->guest->watch.pages[i].views[0].va < arch_page_bytes())
			return i;
	return -1;
}

static void take_actor(const Session *session, int actor, EndActor *ret)
{
	switch (stepper_state(session->stepper, actor)) {
	case ACTOR_RETURNED:
		ret->state = END_RETURNED;
		return;
	case ACTOR_CRASHED:
		ret->state = END_CRASHED;
		ret->fault_page = fault_page(session, actor);
		return;
	default:
		ret->state = END_WAITS;
		ret->wait = stepper_wait_of(session->stepper, actor);
	}
}

/* Somebody else can go on, and may change what it looks at. */
static bool is_another_enabled(const Step *step)
{
	thread_set_foreach(other, &step->enabled)
		if (thread_actor(other) != thread_actor(step->thread))
			return true;
	return false;
}

/*
 * Who repeats a cycle alone can do so for ever: no scheduler is to blame.  But to look at a lock with several
 * holders, again and again, is to wait for one of them, who can go on.
 */
static int who_is_alone(const Outcome *outcome)
{
	int thread = outcome_step(outcome, outcome->cycle)->thread;
	bool only_looks = true;

	for (guint i = outcome->cycle; i < outcome_length(outcome); i++) {
		const Step *step = outcome_step(outcome, i);

		if (step->thread != thread)
			return -1;
		only_looks &= step->done->kinds == 1u << OBJECT_WORD && !step->done->written;
	}
	if (only_looks && is_another_enabled(outcome_step(outcome, outcome->cycle)))
		return -1;
	return thread_actor(thread);
}

End *ending_of(Session *session, const Outcome *outcome, GError **error)
{
	EndHow how = outcome->end == END_DONE ? ENDED_DONE
		     : outcome->end == END_CYCLE ? ENDED_CYCLE : ENDED_CUT;
	g_autoptr(End) end = end_new(how);
	gint64 before = g_get_monotonic_time();

	/* Where memory differs it is no cycle. */
	if (how == ENDED_CYCLE && !outcome->differs)
		end->alone = who_is_alone(outcome);
	/* In the middle of things the guest has nothing to say. */
	if (how != ENDED_DONE)
		return g_steal_pointer(&end);
	g_autoptr(GArray) frames = check_not_freed(session->check);
	bool asked = guest_end(session->guest, session->subject->name, frames, end, error);

	session->drgn_usec += g_get_monotonic_time() - before;
	if (!asked)
		return NULL;
	for (int i = 0; i < session->guest->n_actors; i++)
		take_actor(session, i, &end->actors[i]);
	return g_steal_pointer(&end);
}
