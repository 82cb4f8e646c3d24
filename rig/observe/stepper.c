// SPDX-License-Identifier: GPL-2.0-only
#include "observe/stepper.h"

#include <string.h>

#include "util/error.h"

enum {
	PAGE_BYTES = 4096,
	/* Stops of one move that are no event (sites on other pages, mostly). */
	MAX_STOPS = 100000,
};

typedef struct {
	ActorState state;
	Event pending;		/* valid in ACTOR_READY */
	Regs regs;		/* of its vCPU, where it stands */
} Actor;

struct Stepper {
	Guest *guest;
	Sites *sites;
	Actor actors[MAX_ACTORS];
	guint64 done;		/* guest_done() */
	guint64 page_fault;	/* the #PF entry */
	guint64 crashes[2];
	bool discovering;	/* arena pages are watched as well as PTEs */
};

/* What a run from one stop to the next interesting one came to. */
typedef enum { REACHED_EVENT, REACHED_WAIT, REACHED_CRASH, REACHED_NEW_SITE } Reached;

void stepper_free(Stepper *stepper)
{
	if (!stepper)
		return;
	sites_free(stepper->sites);
	g_free(stepper);
}

static int vcpu_of(const Stepper *stepper, int actor)
{
	return stepper->guest->report.actors[actor].cpu;
}

/* Which watched object lies at @addr; -1: none. */
static int page_at(const Guest *guest, guint64 addr, bool pte)
{
	for (int i = 0; i < guest->n_pages; i++) {
		guint64 start = pte ? guest->pages[i].pte_addr : guest->pages[i].kaddr;

		if (addr >= start && addr < start + (pte ? 8 : PAGE_BYTES))
			return i;
	}
	return -1;
}

/* At a site: fill in the pending event if it touches something watched. */
static bool pending_at_site(Stepper *stepper, int actor, const Site *site, const Regs *regs)
{
	guint64 addr = insn_address(&site->insn, regs);
	Event *event = &stepper->actors[actor].pending;
	int pte = page_at(stepper->guest, addr, true);
	int page = pte >= 0 ? pte : page_at(stepper->guest, addr, false);

	if (page < 0)
		return false;
	*event = (Event){
		.kind = pte >= 0 ? EVENT_PTE : EVENT_ACCESS,
		.actor = actor,
		.page = page,
		.access = site->insn.access,
		.pc = site->insn.pc,
	};
	return true;
}

static bool is_crash(const Stepper *stepper, guint64 pc)
{
	return pc == stepper->crashes[0] || pc == stepper->crashes[1];
}

/* Run from a stop that is not itself of interest to one that is. */
static bool run_to_next(Stepper *stepper, int actor, bool step_first, Reached *ret,
			GError **error)
{
	Machine *machine = stepper->guest->machine;
	Actor *self = &stepper->actors[actor];
	int vcpu = vcpu_of(stepper, actor);
	Regs regs;
	Stop stop;

	for (int stops = 0; stops < MAX_STOPS; stops++) {
		/* A breakpoint under the vCPU would hit again at once: step off it. */
		if (step_first && !machine_step(machine, vcpu, &stop, error))
			return false;
		if (!step_first && !machine_run(machine, vcpu, &stop, error))
			return false;
		if (stop.kind == STOP_SHUTDOWN) {
			*ret = REACHED_CRASH;
			return true;
		}
		if (!machine_regs(machine, vcpu, &regs, error))
			return false;
		self->regs = regs;
		if (stop.kind == STOP_WATCH) {
			bool pte = page_at(stepper->guest, stop.watch, true) >= 0;

			*ret = REACHED_NEW_SITE;
			return sites_learn(stepper->sites, vcpu, regs.rip, pte, error);
		}
		const Site *site = sites_find(stepper->sites, regs.rip);
		if (site && pending_at_site(stepper, actor, site, &regs)) {
			*ret = REACHED_EVENT;
			return true;
		}
		if (regs.rip == stepper->done) {
			self->pending = (Event){ .kind = EVENT_RETURN, .actor = actor,
						 .page = -1, .pc = regs.rip };
			*ret = REACHED_EVENT;
			return true;
		}
		if (is_crash(stepper, regs.rip) || sites_is_wait(stepper->sites, regs.rip)) {
			*ret = is_crash(stepper, regs.rip) ? REACHED_CRASH : REACHED_WAIT;
			return true;
		}
		/* A site that touches another page this time: go on behind it. */
		step_first = site != NULL;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "%s made %d stops and no event",
		    stepper->guest->report.actors[actor].name, MAX_STOPS);
	return false;
}

static bool settle(Stepper *stepper, int actor, Reached reached, Move *ret)
{
	static const ActorState states[] = {
		[REACHED_EVENT] = ACTOR_READY, [REACHED_WAIT] = ACTOR_BLOCKED,
		[REACHED_CRASH] = ACTOR_CRASHED, [REACHED_NEW_SITE] = ACTOR_READY,
	};

	stepper->actors[actor].state = states[reached];
	*ret = reached == REACHED_NEW_SITE ? MOVE_NEW_SITE : MOVE_DONE;
	return true;
}

/* Let @actor's vCPU take what interrupts it has, and come back to where it stands. */
static bool serve_interrupts(Stepper *stepper, int actor, GError **error)
{
	Machine *machine = stepper->guest->machine;
	int vcpu = vcpu_of(stepper, actor);
	Regs regs;
	Stop stop;

	for (int stops = 0; stops < MAX_STOPS; stops++) {
		if (!machine_run(machine, vcpu, &stop, error) ||
		    !machine_regs(machine, vcpu, &regs, error))
			return false;
		if (regs.rip == stepper->actors[actor].regs.rip)
			return true;
		if (!machine_step(machine, vcpu, &stop, error))
			return false;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "%s never came back from an interrupt",
		    stepper->guest->report.actors[actor].name);
	return false;
}

/* After a move: whoever was blocked may go on now. */
static bool wake_blocked(Stepper *stepper, Move *ret, GError **error)
{
	int n = stepper->guest->n_actors;

	for (int i = 0; i < n; i++) {
		Reached reached;

		if (stepper->actors[i].state != ACTOR_BLOCKED)
			continue;
		for (int other = 0; other < n; other++)
			if (other != i && stepper->actors[other].state != ACTOR_CRASHED &&
			    !serve_interrupts(stepper, other, error))
				return false;
		if (!run_to_next(stepper, i, true, &reached, error) ||
		    !settle(stepper, i, reached, ret))
			return false;
		if (*ret == MOVE_NEW_SITE)
			return true;
	}
	return true;
}

bool stepper_begin(Stepper *stepper, Move *ret, GError **error)
{
	*ret = MOVE_DONE;
	if (!guest_restore(stepper->guest, error))
		return false;
	for (int i = 0; i < stepper->guest->n_actors; i++) {
		Reached reached;

		if (!run_to_next(stepper, i, false, &reached, error))
			return false;
		settle(stepper, i, reached, ret);
		if (*ret == MOVE_NEW_SITE)
			return true;
	}
	return wake_blocked(stepper, ret, error);
}

unsigned int stepper_enabled(const Stepper *stepper)
{
	unsigned int enabled = 0;

	for (int i = 0; i < stepper->guest->n_actors; i++)
		if (stepper->actors[i].state == ACTOR_READY)
			enabled |= 1u << i;
	return enabled;
}

static bool execute_return(Stepper *stepper, int actor, Event *ret_event, GError **error)
{
	struct guest_actor mine;

	if (!guest_actor_report(stepper->guest, actor, &mine, error))
		return false;
	ret_event->result = mine.result;
	guest_ptes(stepper->guest, ret_event->after);
	stepper->actors[actor].state = ACTOR_RETURNED;
	return true;
}

/* The watchpoint that this event would trip. */
static bool watch_object(Stepper *stepper, const Event *event, bool insert, GError **error)
{
	const WatchedPage *page = &stepper->guest->pages[event->page];

	if (event->kind == EVENT_PTE)
		return machine_watch(stepper->guest->machine, page->pte_addr, 8, WATCH_ACCESS,
				     insert, error);
	return !stepper->discovering ||
	       machine_watch(stepper->guest->machine, page->kaddr, PAGE_BYTES, WATCH_ACCESS,
			     insert, error);
}

static bool execute_insn(Stepper *stepper, int actor, Event *ret_event, GError **error)
{
	Machine *machine = stepper->guest->machine;
	int vcpu = vcpu_of(stepper, actor);
	Regs regs;
	Stop stop;

	/* QEMU reports a watchpoint hit by a step twice; the second stop would be lost time. */
	if (!watch_object(stepper, ret_event, false, error) ||
	    !machine_step(machine, vcpu, &stop, error) ||
	    !watch_object(stepper, ret_event, true, error) ||
	    !machine_regs(machine, vcpu, &regs, error))
		return false;
	stepper->actors[actor].regs = regs;
	ret_event->faulted = regs.rip == stepper->page_fault;
	guest_ptes(stepper->guest, ret_event->after);
	return true;
}

bool stepper_move(Stepper *stepper, int actor, Event *ret_event, Move *ret, GError **error)
{
	Actor *self = &stepper->actors[actor];
	Reached reached;

	g_assert(self->state == ACTOR_READY);
	*ret = MOVE_DONE;
	*ret_event = self->pending;
	guest_ptes(stepper->guest, ret_event->before);
	if (self->pending.kind == EVENT_RETURN) {
		if (!execute_return(stepper, actor, ret_event, error))
			return false;
	} else {
		if (!execute_insn(stepper, actor, ret_event, error) ||
		    !run_to_next(stepper, actor, false, &reached, error))
			return false;
		settle(stepper, actor, reached, ret);
		if (*ret == MOVE_NEW_SITE)
			return true;
	}
	return wake_blocked(stepper, ret, error);
}

static bool watch_pages(Stepper *stepper, bool insert, GError **error)
{
	Guest *guest = stepper->guest;

	for (int i = 0; i < guest->n_pages; i++)
		if (!machine_watch(guest->machine, guest->pages[i].kaddr, PAGE_BYTES,
				   WATCH_ACCESS, insert, error))
			return false;
	return true;
}

/* Run @actor alone to its end, as often as it takes to know all it touches. */
static bool discover(Stepper *stepper, int actor, GError **error)
{
	Move move;
	Event event;

	do {
		if (!stepper_begin(stepper, &move, error))
			return false;
		while (move == MOVE_DONE && stepper->actors[actor].state == ACTOR_READY)
			if (!stepper_move(stepper, actor, &event, &move, error))
				return false;
	} while (move == MOVE_NEW_SITE);
	return true;
}

Stepper *stepper_new(Guest *guest, GError **error)
{
	g_autoptr(Stepper) stepper = g_new0(Stepper, 1);
	Machine *machine = guest->machine;

	stepper->guest = guest;
	stepper->sites = sites_new(guest);
	stepper->done = symbols_address(guest->symbols, "guest_done");
	stepper->page_fault = symbols_address(guest->symbols, "asm_exc_page_fault");
	stepper->crashes[0] = symbols_address(guest->symbols, "oops_enter");
	stepper->crashes[1] = symbols_address(guest->symbols, "panic");
	if (!sites_break_on_waits(stepper->sites, error) ||
	    !machine_break(machine, stepper->done, true, error))
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(stepper->crashes); i++)
		if (stepper->crashes[i] &&
		    !machine_break(machine, stepper->crashes[i], true, error))
			return NULL;
	for (int i = 0; i < guest->n_pages; i++)
		if (!machine_watch(machine, guest->pages[i].pte_addr, 8, WATCH_ACCESS, true, error))
			return NULL;
	if (!watch_pages(stepper, true, error))
		return NULL;
	stepper->discovering = true;
	for (int i = 0; i < guest->n_actors; i++)
		if (!discover(stepper, i, error))
			return NULL;
	/* A watchpoint on an arena page flushes its TLB entry: only while looking. */
	stepper->discovering = false;
	if (!watch_pages(stepper, false, error))
		return NULL;
	return g_steal_pointer(&stepper);
}

ActorState stepper_state(const Stepper *stepper, int actor)
{
	return stepper->actors[actor].state;
}

char *stepper_state_key(const Stepper *stepper)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint64 ptes[MAX_PAGES];

	guest_ptes(stepper->guest, ptes);
	g_checksum_update(sum, (const guchar *)ptes, sizeof(ptes));
	for (int i = 0; i < stepper->guest->n_actors; i++) {
		const Actor *actor = &stepper->actors[i];

		g_checksum_update(sum, (const guchar *)&actor->state, sizeof(actor->state));
		g_checksum_update(sum, (const guchar *)actor->regs.gpr, sizeof(actor->regs.gpr));
		g_checksum_update(sum, (const guchar *)&actor->regs.rip, sizeof(actor->regs.rip));
	}
	return g_strdup(g_checksum_get_string(sum));
}

const Sites *stepper_sites(const Stepper *stepper)
{
	return stepper->sites;
}

char *stepper_event_label(const Stepper *stepper, const Event *event)
{
	if (event->kind == EVENT_RETURN)
		return g_strdup("return");
	const Site *site = sites_find(stepper->sites, event->pc);
	const char *what = event->kind == EVENT_PTE ? access_name(event->access)
			   : event->access == ACCESS_READ ? "load" : "store";
	return g_strdup_printf("%s %s page%d", what, site->where, event->page);
}
