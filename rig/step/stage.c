// SPDX-License-Identifier: GPL-2.0-only
#include "step/stage.h"

#include <string.h>

#include "arch/pte.h"
#include "util/error.h"
#include "util/lose.h"

enum {
	/* Stops on the way to one event: sites on other pages, mostly. */
	MAX_STOPS = 100000,
	MAX_HANGS = 5,
	/* While waits are still to be armed; running takes milliseconds. */
	HASTY_SECONDS = 1,
};

bool stage_discover(Stage *stage, bool on, GError **error)
{
	stage->discovering = on;
	/* An access that always faults never trips the watchpoint. */
	return machine_break(stage->guest->machine, stage->page_fault, on, error);
}

Stage *stage_new(Guest *guest, GError **error)
{
	g_autoptr(Stage) stage = g_new0(Stage, 1);

	stage->guest = guest;
	for (int i = 0; i < MAX_LOCKS; i++)
		stage->holders[i] = -1;
	stage->frames = g_array_new(FALSE, FALSE, sizeof(Frame));
	stage->log = g_array_new(FALSE, FALSE, sizeof(Event));
	stage->sites = sites_new(guest, error);
	stage->absent = g_ptr_array_new();
	if (!stage->sites || !stage_watch(stage, error))
		return NULL;
	return g_steal_pointer(&stage);
}

void stage_free(Stage *stage)
{
	if (!stage)
		return;
	sites_free(stage->sites);
	g_array_unref(stage->frames);
	g_array_unref(stage->log);
	g_ptr_array_unref(stage->absent);
	g_free(stage);
}

void stage_ptes(Stage *stage, guint64 ret[MAX_PTES])
{
	guest_ptes(stage->guest, ret);
	for (int i = 0; i < stage->guest->watch.n_ptes; i++) {
		Frame frame = { pte_pfn(ret[i]), stage->guest->watch.ptes[i].page };
		guint at;

		if (!pte_present(ret[i]))
			continue;
		for (at = 0; at < stage->frames->len; at++)
			if (g_array_index(stage->frames, Frame, at).pfn == frame.pfn)
				break;
		if (at < stage->frames->len)
			g_array_index(stage->frames, Frame, at) = frame;
		else
			g_array_append_val(stage->frames, frame);
	}
}

/* Something that is no decision has happened. */
static void note(Stage *stage, Event event)
{
	event.irq = stage->actors[event.actor].in_irq;
	stage_ptes(stage, event.before);
	memcpy(event.after, event.before, sizeof(event.after));
	g_array_append_val(stage->log, event);
}

static void set_ready(Stage *stage, int actor, Event pending)
{
	Context *at = stage_context(stage, actor);

	at->state = ACTOR_READY;
	at->pending = pending;
	at->pending.irq = stage->actors[actor].in_irq;
	stage->decided |= 1u << actor;
	/* Now the order of interrupts matters in more ways: what was explored before is void. */
	if (at->pending.irq && !stage->irq_events)
		stage->irq_events = stage->new_site = true;
}

static bool is_gone(const Stage *stage, int group)
{
	return group >= 0 && (stage->gone >> group & 1);
}

/* A word is in the same object as its lock. */
static int group_of_word(const Stage *stage, int word)
{
	const Watch *watch = &stage->guest->watch;
	int lock = watch->words[word].lock;

	return lock < 0 ? -1 : watch->locks[lock].group;
}

/*
 * A count is anybody's, as long as what it counts for is there.
 * Nobody else has the word's lock, so nobody can tell when its holder touches the word: no event.
 * At the end of its group nobody is left to race with.
 */
bool stage_is_guarded(const Stage *stage, int actor, int word)
{
	int lock = stage->guest->watch.words[word].lock, group = group_of_word(stage, word);

	if (lock < 0)
		return stage->over >> word & 1;
	return is_gone(stage, group) || (group >= 0 && (stage->dying >> group & 1)) ||
	       (stage->holders[lock] == actor &&
		(stage->held_in_irq >> lock & 1) == stage->actors[actor].in_irq);
}

static bool is_lockless(const Stage *stage, int word, guint64 pc)
{
	const WatchWord *watched = &stage->guest->watch.words[word];
	const char *name;
	guint64 start, size;

	if (!symbols_function(stage->guest->symbols, pc, &name, &start, &size))
		return false;
	for (int i = 0; i < watched->n_lockless; i++)
		if (strcmp(watched->lockless[i], name) == 0)
			return true;
	return false;
}

static bool guards_ptes(const Stage *stage, int lock)
{
	const Watch *watch = &stage->guest->watch;

	for (int i = 0; i < watch->n_pages; i++)
		if (watch->pages[i].lock == lock)
			return true;
	return false;
}

static void set_pte(const Stage *stage, Event *event, int slot)
{
	const Watch *watch = &stage->guest->watch;

	event->page = watch->ptes[slot].page;
	event->view = watch->pages[event->page].views[watch->ptes[slot].view].mm + 1;
	event->slot = slot;
}

/* At a site: fill in the pending event if it touches something watched. */
static bool pending_at_site(Stage *stage, int actor, const Site *site, const Regs *regs)
{
	guint64 addr = insn_address(&site->insn, regs);

	if (stage->actors[actor].in_irq && lose("inside"))
		return false;
	Event event = { .actor = actor, .page = -1, .access = site->insn.access,
			.pc = site->insn.pc };
	const WatchView *view;
	int at;

	if ((at = stage_pte_at(stage, addr)) >= 0) {
		event.kind = EVENT_PTE;
		set_pte(stage, &event, at);
		if (event.access == ACCESS_RMW && !site->insn.locked)
			event.half = HALF_LOAD;
	} else if ((at = stage_page_at(stage, actor, addr, &view)) >= 0) {
		event.kind = EVENT_ACCESS;
		event.page = at;
		event.view = view->mm + 1;
		event.slot = view->slot;
	} else if ((at = stage_lock_at(stage, addr)) >= 0) {
		event.kind = EVENT_LOCK;
		event.lock = at;
		event.guards = guards_ptes(stage, at);
	} else if ((at = stage_word_at(stage, addr)) >= 0 && !stage_is_guarded(stage, actor, at)) {
		event.kind = EVENT_WORD;
		event.word = at;
		event.lock = stage->guest->watch.words[at].lock;
		event.lockless = event.access == ACCESS_READ && is_lockless(stage, at, event.pc);
	} else {
		return false;
	}
	sites_note_actor(stage->sites, site, actor);
	set_ready(stage, actor, event);
	return true;
}

/* A watched thing was touched: by a release of the lock, or by a site nobody knew. */
static bool at_watchpoint(Stage *stage, int actor, const Stop *stop, bool *ret_stay,
			  GError **error)
{
	const Guest *guest = stage->guest;
	guint64 next = stage_context(stage, actor)->regs.pc;
	int lock = stage_lock_at(stage, stop->watch);
	Insn insn;

	*ret_stay = false;
	if (lock >= 0) {
		if (is_gone(stage, guest->watch.locks[lock].group))
			return true;
		if (guest_lock(guest, lock) == 0) {
			stage->holders[lock] = -1;
			note(stage, (Event){ .kind = EVENT_UNLOCK, .actor = actor, .page = -1,
					     .lock = lock });
			return true;
		}
		/* The queue of waiters behind a holder is not an event. */
		if (stage->holders[lock] >= 0)
			return true;
	}
	int word = stage_word_at(stage, stop->watch);
	if (word >= 0 && stage_is_guarded(stage, actor, word))
		return true;
	SiteKind kind = lock >= 0 ? SITE_LOCK : word >= 0 ? SITE_WORD
			: stage_pte_at(stage, stop->watch) >= 0 ? SITE_PTE : SITE_ACCESS;
	*ret_stay = stage->new_site = true;
	return sites_decode_before(stage->sites, stage_vcpu(stage, actor), next, &insn, error) &&
	       sites_learn(stage->sites, &insn, kind, error);
}

static void note_flush(Stage *stage, int actor, const Site *site, const Regs *regs)
{
	Event event = { .kind = EVENT_FLUSH, .actor = actor, .page = -1,
			.flush = site->insn.flush, .pc = site->insn.pc };

	const WatchView *view;

	stage->flushes++;
	if (site->insn.root >= 0)
		event.root = watch_root(&stage->guest->watch, regs->general[site->insn.root]);
	if (event.flush == FLUSH_PAGE) {
		event.page = stage_page_at(stage, actor, insn_address(&site->insn, regs), &view);
		if (event.page < 0)
			return;
		/* One address is flushed, not the page's others. */
		event.view = view->mm + 1;
		event.slot = view->slot;
	}
	note(stage, event);
}

void stage_note_queues(Stage *stage, int actor)
{
	for (int i = 0; i < stage->guest->n_actors; i++) {
		guint64 now = guest_irq_queue(stage->guest, i);

		if (now && now != stage->queues[i] && actor >= 0)
			note(stage, (Event){ .kind = EVENT_SEND, .actor = actor, .page = -1,
					     .to = i });
		stage->queues[i] = now;
	}
}

static void note_return(Stage *stage, int actor, gint64 result)
{
	Actor *self = &stage->actors[actor];

	self->returns++;
	self->result = result;
	note(stage, (Event){ .kind = EVENT_RETURN, .actor = actor, .page = -1,
			     .pc = self->own.regs.pc, .result = result });
}

/*
 * After its operation an actor sleeps, and its vCPU goes on with what the kernel has
 * put off.  An interrupt that waits for it comes when the explorer says so.
 */
static bool may_linger(const Stage *stage, int actor)
{
	return stage->guest->report.lingers && !guest_irq_queue(stage->guest, actor);
}

/* What the actor makes of its operations' results may be another one. */
static void at_done(Stage *stage, int actor, bool *ret_stay)
{
	Actor *self = &stage->actors[actor];
	gint64 result = guest_actor_report(stage->guest, actor).result;

	if (!self->done && (!self->returns || self->result != result))
		note_return(stage, actor, result);
	self->done = true;
	self->own.state = ACTOR_RETURNED;
	*ret_stay = !may_linger(stage, actor);
}

static bool note_destruction(Stage *stage, int actor, const Regs *regs, GError **error)
{
	const Watch *watch = &stage->guest->watch;

	for (int i = 0; i < watch->n_ends; i++) {
		const WatchEnd *end = &watch->ends[i];

		if (regs->pc != stage->ends[i] ||
		    regs_argument(regs, end->argument) != end->value)
			continue;
		if (end->kind == END_GONE) {
			stage->gone |= 1u << end->group;
			continue;
		}
		stage->dying |= 1u << end->group;
		note(stage, (Event){ .kind = EVENT_DESTROY, .actor = actor, .page = -1,
				     .group = end->group, .pc = regs->pc });
	}
	return stage_arm_ptes(stage, error);
}

/* Worth a decision only where an interrupt can come from another vCPU at all. */
static bool at_mask(Stage *stage, int actor, const Site *site, bool *ret_stay)
{
	*ret_stay = stage->interrupts && regs_takes_interrupts(&stage_context(stage, actor)->regs);
	if (!*ret_stay)
		return true;
	sites_note_actor(stage->sites, site, actor);
	set_ready(stage, actor, (Event){ .kind = EVENT_MASK, .actor = actor, .page = -1,
					 .pc = site->insn.pc });
	return true;
}

/* While discovering: whoever faulted on a watched page is a site. */
static bool at_page_fault(Stage *stage, int actor, bool *ret_stay, GError **error)
{
	const Regs *regs = &stage_context(stage, actor)->regs;
	guint64 pc;
	const WatchView *view;
	Insn insn;

	*ret_stay = false;
	if (stage_page_at(stage, actor, regs->fault, &view) < 0)
		return true;
	if (!machine_word(stage->guest->machine, stage_vcpu(stage, actor), regs_faulted_at(regs), &pc, error))
		return false;
	if (sites_find(stage->sites, pc))
		return true;
	*ret_stay = stage->new_site = true;
	return sites_decode_at(stage->sites, stage_vcpu(stage, actor), pc, &insn, error) &&
	       sites_learn(stage->sites, &insn, SITE_ACCESS, error);
}

/* Whatever ran there: nobody goes on after it. */
static void set_crashed(Stage *stage, int actor)
{
	stage->actors[actor].own.state = stage_context(stage, actor)->state = ACTOR_CRASHED;
}

/* At a breakpoint; false: nothing to stay for. */
static bool at_breakpoint(Stage *stage, int actor, bool *ret_stay, GError **error)
{
	Context *at = stage_context(stage, actor);
	guint64 pc = at->regs.pc;
	const Site *site = sites_find(stage->sites, pc);

	if (site)
		stage->stopped |= 1u << site->kind;
	*ret_stay = true;
	if (pc == stage->done) {
		at_done(stage, actor, ret_stay);
		return true;
	}
	if (pc == stage->sync) {
		at->state = ACTOR_SYNC;
		return true;
	}
	if (sites_is_gate(stage->sites, pc)) {
		stage->new_site = true;
		return sites_open_gate(stage->sites, pc, error);
	}
	if (pc == stage->returned)
		note_return(stage, actor, regs_argument(&at->regs, 0));
	if (stage->discovering && pc == stage->page_fault)
		return at_page_fault(stage, actor, ret_stay, error);
	if (pc == stage->crashes[0] || pc == stage->crashes[1]) {
		set_crashed(stage, actor);
		return true;
	}
	Event call;
	if (!stage_find_call(stage, actor, &call, error))
		return false;
	if (call.kind != EVENT_NONE) {
		set_ready(stage, actor, call);
		return true;
	}
	const WatchFree *door = stage_free_at(stage, pc);
	Event freed;
	if (door && stage_pending_free(stage, actor, door, &freed)) {
		set_ready(stage, actor, freed);
		return true;
	}
	if (site && site->kind == SITE_WAIT) {
		at->state = site->insn.halts ? ACTOR_IDLE : ACTOR_SPINNING;
		return true;
	}
	if (!note_destruction(stage, actor, &at->regs, error))
		return false;
	if (site && site->kind == SITE_FLUSH)
		note_flush(stage, actor, site, &at->regs);
	else if (site && site->kind == SITE_MASK)
		return at_mask(stage, actor, site, ret_stay);
	else if (site && pending_at_site(stage, actor, site, &at->regs))
		return true;
	*ret_stay = false;
	return true;
}

/* It spins where nobody thought it would: break there, and start again. */
static bool at_hang(Stage *stage, int actor, GError **error)
{
	guint64 pc = stage_context(stage, actor)->regs.pc;
	int armed = sites_arm_waits(stage->sites, pc, error);

	stage->new_site = true;
	if (armed > 0 || armed < 0)
		return armed > 0;
	/* Or the host stood still: the clock that said so proves nothing. */
	if (stage->hangs++ < MAX_HANGS)
		return true;
	g_autofree char *where = symbols_describe(stage->guest->symbols, pc);
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "%s runs on and on near %s and never waits for anybody",
		    stage->guest->report.actors[actor].name, where);
	return false;
}

/* How long the instruction at @pc is, where we break, if it does nothing; else 0. */
static int idle_bytes(const Stage *stage, guint64 pc)
{
	const Site *site = sites_find(stage->sites, pc);

	if (pc == stage->returned || pc == stage->done || pc == stage->sync)
		return GUEST_MARKER_BYTES;
	return site && site->kind == SITE_WAIT && !site->insn.halts ? site->insn.length : 0;
}

/*
 * To the next stop.  A breakpoint under the vCPU (@step) would hit again at once: step off it,
 * or pass over what does nothing, which saves a stop.
 */
static bool go_on(Stage *stage, int actor, bool step, Stop *ret, GError **error)
{
	Machine *machine = stage->guest->machine;
	guint64 pc = stage_context(stage, actor)->regs.pc;
	int vcpu = stage_vcpu(stage, actor), idle = step ? idle_bytes(stage, pc) : 0;

	bool hasty = stage->hasty && !stage->disarmed && sites_has_later(stage->sites);

	if (!stage_watch_words(stage, actor, -1, error) ||
	    (idle && !machine_set(machine, vcpu, reg_pc(pc + idle), error)))
		return false;
	machine_allow(machine, hasty ? HASTY_SECONDS : stage_run_seconds(stage));
	bool ok = (step && !idle ? machine_step : machine_run)(machine, vcpu, ret, error);
	machine_allow(machine, stage_run_seconds(stage));
	return ok;
}

static bool is_back(const Actor *self)
{
	return self->in_irq && self->irq.regs.pc == self->own.regs.pc &&
	       regs_sp(&self->irq.regs) == regs_sp(&self->own.regs);
}

/*
 * The interrupt has come back to where the actor stands; or it has not been taken yet, since
 * the first run may only have QEMU notice that the priority has changed.
 */
static bool end_irq(Stage *stage, int actor, int *unserved, bool *ret_stay, GError **error)
{
	enum { MAX_UNSERVED = 8 };
	Actor *self = &stage->actors[actor];

	*ret_stay = false;
	if (!self->irq_stood && guest_irq_queue(stage->guest, actor)) {
		if (++*unserved <= MAX_UNSERVED)
			return true;
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the vCPU of %s does not get done with its interrupts",
			    stage->guest->report.actors[actor].name);
		return false;
	}
	self->in_irq = false;
	*ret_stay = true;
	stage_note_queues(stage, actor);
	if (!machine_hold_interrupts(stage->guest->machine, stage_vcpu(stage, actor),
				     INTERRUPTS_HELD, error))
		return false;
	return self->own.state != ACTOR_RETURNED || !may_linger(stage, actor) ||
	       stage_advance(stage, actor, true, error);
}

/* At a stop.  *@ret_stay: here it stands; *@ret_step: what is under it has been seen. */
static bool at_stop(Stage *stage, int actor, const Stop *stop, int *unserved, bool *ret_stay,
		    bool *ret_step, GError **error)
{
	Machine *machine = stage->guest->machine;
	Context *at = stage_context(stage, actor);

	*ret_stay = *ret_step = false;
	if (stage->survey && survey_take(stage->survey, stop, at->regs.pc))
		return true;
	if (stop->kind != STOP_WATCH && is_back(&stage->actors[actor]))
		return end_irq(stage, actor, unserved, ret_stay, error);
	if (!(stop->kind == STOP_WATCH ? at_watchpoint(stage, actor, stop, ret_stay, error)
				       : at_breakpoint(stage, actor, ret_stay, error)))
		return false;
	stage_note_queues(stage, actor);
	/* Behind a watchpoint there may be a breakpoint not yet seen. */
	*ret_step = stop->kind != STOP_WATCH && machine_is_break(machine, at->regs.pc);
	if (!*ret_stay || !stage->actors[actor].in_irq)
		return true;
	/* The next one comes when the explorer says so. */
	stage->actors[actor].irq_stood = true;
	return machine_hold_interrupts(machine, stage_vcpu(stage, actor), INTERRUPTS_HELD, error);
}

/* To see what stops there are, and that each is worth its time: docs/speed.md. */
static void say_stop(Stage *stage, int actor, const Stop *stop)
{
	if (g_log_writer_default_would_drop(G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN))
		return;
	const char *name = stage->guest->report.actors[actor].name;
	g_autofree char *where = symbols_describe(stage->guest->symbols,
						  stage_context(stage, actor)->regs.pc);
	if (stop->kind == STOP_WATCH)
		g_debug("%s stops at %s, after 0x%" G_GINT64_MODIFIER "x", name, where, stop->watch);
	else
		g_debug("%s stops at %s", name, where);
}

bool stage_advance(Stage *stage, int actor, bool step, GError **error)
{
	Machine *machine = stage->guest->machine;
	int vcpu = stage_vcpu(stage, actor), unserved = 0;
	bool stay;
	Stop stop;

	for (int stops = 0; stops < MAX_STOPS; stops++) {
		if (!go_on(stage, actor, step, &stop, error))
			return false;
		if (stop.kind == STOP_SHUTDOWN) {
			set_crashed(stage, actor);
			return true;
		}
		if (!machine_regs(machine, vcpu, &stage_context(stage, actor)->regs, error))
			return false;
		say_stop(stage, actor, &stop);
		if (stop.kind == STOP_INTERRUPTED)
			return at_hang(stage, actor, error);
		if (!at_stop(stage, actor, &stop, &unserved, &stay, &step, error))
			return false;
		if (stay)
			return true;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "%s made %d stops and no event",
		    stage->guest->report.actors[actor].name, MAX_STOPS);
	return false;
}

bool stage_takes_irq(const Stage *stage, int actor)
{
	const Actor *self = &stage->actors[actor];

	return !self->in_irq && self->own.state != ACTOR_CRASHED &&
	       self->own.state != ACTOR_IDLE && regs_takes_interrupts(&self->own.regs) &&
	       guest_irq_queue(stage->guest, actor);
}

bool stage_serve(Stage *stage, int actor, GError **error)
{
	Actor *self = &stage->actors[actor];

	self->in_irq = true;
	self->irq_stood = false;
	self->irq = (Context){ .state = ACTOR_READY, .regs = self->own.regs };
	return machine_hold_interrupts(stage->guest->machine, stage_vcpu(stage, actor),
				       INTERRUPTS_TIMERS_HELD, error) &&
	       stage_advance(stage, actor, false, error);
}
