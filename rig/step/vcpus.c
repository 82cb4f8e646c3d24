// SPDX-License-Identifier: GPL-2.0-only
#include "step/vcpus.h"

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

bool vcpus_discover(Vcpus *vcpus, bool on, GError **error)
{
	vcpus->discovering = on;
	/* An access that always faults never trips the watchpoint. */
	return machine_break(vcpus->guest->machine, vcpus->page_fault, on, error);
}

Vcpus *vcpus_new(Guest *guest, GError **error)
{
	g_autoptr(Vcpus) vcpus = g_new0(Vcpus, 1);

	vcpus->guest = guest;
	for (int i = 0; i < MAX_LOCKS; i++)
		vcpus->holders[i] = -1;
	vcpus->frames = g_array_new(FALSE, FALSE, sizeof(Frame));
	vcpus->log = g_array_new(FALSE, FALSE, sizeof(Event));
	vcpus->sites = sites_new(guest, error);
	vcpus->absent = g_ptr_array_new();
	if (!vcpus->sites || !vcpus_watch(vcpus, error))
		return NULL;
	return g_steal_pointer(&vcpus);
}

void vcpus_free(Vcpus *vcpus)
{
	if (!vcpus)
		return;
	sites_free(vcpus->sites);
	g_array_unref(vcpus->frames);
	g_array_unref(vcpus->log);
	g_ptr_array_unref(vcpus->absent);
	g_free(vcpus);
}

void vcpus_ptes(Vcpus *vcpus, guint64 ret[MAX_PTES])
{
	guest_ptes(vcpus->guest, ret);
	for (int i = 0; i < vcpus->guest->watch.n_ptes; i++) {
		Frame frame = { pte_pfn(ret[i]), vcpus->guest->watch.ptes[i].page };
		guint at;

		if (!pte_present(ret[i]))
			continue;
		for (at = 0; at < vcpus->frames->len; at++)
			if (g_array_index(vcpus->frames, Frame, at).pfn == frame.pfn)
				break;
		if (at < vcpus->frames->len)
			g_array_index(vcpus->frames, Frame, at) = frame;
		else
			g_array_append_val(vcpus->frames, frame);
	}
}

void vcpus_note(Vcpus *vcpus, Event event)
{
	event.irq = vcpus->actors[event.actor].in_irq;
	vcpus_ptes(vcpus, event.before);
	memcpy(event.after, event.before, sizeof(event.after));
	g_array_append_val(vcpus->log, event);
}

static void set_ready(Vcpus *vcpus, int actor, Event pending)
{
	Context *at = vcpus_context(vcpus, actor);

	at->state = ACTOR_READY;
	at->pending = pending;
	at->pending.irq = vcpus->actors[actor].in_irq;
	vcpus->decided |= 1u << actor;
	/* Now the order of interrupts matters in more ways: what was explored before is void. */
	if (at->pending.irq && !vcpus->irq_events)
		vcpus->irq_events = vcpus->new_site = true;
}

static bool is_gone(const Vcpus *vcpus, int group)
{
	return group >= 0 && (vcpus->gone >> group & 1);
}

/* A word is in the same object as its lock. */
static int group_of_word(const Vcpus *vcpus, int word)
{
	const Watch *watch = &vcpus->guest->watch;
	int lock = watch->words[word].lock;

	return lock < 0 ? -1 : watch->locks[lock].group;
}

/*
 * A count is anybody's, as long as what it counts for is there.
 * Nobody else has the word's lock, so nobody can tell when its holder touches the word: no event.
 * At the end of its group nobody is left to race with.
 */
bool vcpus_is_guarded(const Vcpus *vcpus, int actor, int word)
{
	int lock = vcpus->guest->watch.words[word].lock, group = group_of_word(vcpus, word);

	if (lock < 0)
		return vcpus->over >> word & 1;
	return is_gone(vcpus, group) || (group >= 0 && (vcpus->dying >> group & 1)) ||
	       (vcpus->holders[lock] == actor && !lose("folding") &&
		(vcpus->held_in_irq >> lock & 1) == vcpus->actors[actor].in_irq);
}

static bool is_lockless(const Vcpus *vcpus, int word, guint64 pc)
{
	const WatchWord *watched = &vcpus->guest->watch.words[word];
	const char *name;
	guint64 start, size;

	if (!symbols_function(vcpus->guest->symbols, pc, &name, &start, &size))
		return false;
	for (int i = 0; i < watched->n_lockless; i++)
		if (strcmp(watched->lockless[i], name) == 0)
			return true;
	return false;
}

/* Who holds a lock and looks at it finds it held, whoever else takes or releases it meanwhile. */
static bool only_asserts(const Vcpus *vcpus, int word, const Insn *insn)
{
	const char *source = vcpus->guest->watch.words[word].read_in;

	if (!source || insn->access != ACCESS_READ)
		return false;
	g_autofree char *unit = symbols_unit(vcpus->guest->symbols, insn->pc);

	return g_strcmp0(unit, source) != 0;
}

static bool guards_ptes(const Vcpus *vcpus, int lock)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_pages; i++)
		if (watch->pages[i].lock == lock)
			return true;
	return false;
}

static void set_pte(const Vcpus *vcpus, Event *event, int slot)
{
	const Watch *watch = &vcpus->guest->watch;

	event->page = watch->ptes[slot].page;
	event->view = watch->pages[event->page].views[watch->ptes[slot].view].mm + 1;
	event->slot = slot;
}

/* At a site: fill in the pending event if it touches something watched. */
static bool pending_at_site(Vcpus *vcpus, int actor, const Site *site, const Regs *regs)
{
	guint64 addr = insn_address(&site->insn, regs);

	if (vcpus->actors[actor].in_irq && lose("inside"))
		return false;
	Event event = { .actor = actor, .page = -1, .access = site->insn.access,
			.pc = site->insn.pc };
	const WatchView *view;
	int at;

	if ((at = vcpus_pte_at(vcpus, addr)) >= 0) {
		event.kind = EVENT_PTE;
		set_pte(vcpus, &event, at);
		if (event.access == ACCESS_RMW && !site->insn.locked)
			event.half = HALF_LOAD;
	} else if ((at = vcpus_page_at(vcpus, actor, addr, &view)) >= 0) {
		event.kind = EVENT_ACCESS;
		event.page = at;
		event.view = view->mm + 1;
		event.slot = view->slot;
	} else if ((at = vcpus_lock_at(vcpus, addr)) >= 0) {
		event.kind = EVENT_LOCK;
		event.lock = at;
		event.guards = guards_ptes(vcpus, at);
	} else if ((at = vcpus_word_at(vcpus, addr)) >= 0 && !vcpus_is_guarded(vcpus, actor, at) &&
		   !only_asserts(vcpus, at, &site->insn)) {
		event.kind = EVENT_WORD;
		event.word = at;
		event.lock = vcpus->guest->watch.words[at].lock;
		event.lockless = event.access == ACCESS_READ && is_lockless(vcpus, at, event.pc);
	} else {
		return false;
	}
	sites_note_actor(vcpus->sites, site, actor);
	set_ready(vcpus, actor, event);
	return true;
}

/* A watched thing was touched: by a release of the lock, or by a site nobody knew. */
static bool at_watchpoint(Vcpus *vcpus, int actor, const Stop *stop, bool *ret_stay,
			  GError **error)
{
	const Guest *guest = vcpus->guest;
	guint64 next = vcpus_context(vcpus, actor)->regs.pc;
	int lock = vcpus_lock_at(vcpus, stop->watch);
	Insn insn;

	*ret_stay = false;
	if (vcpus_is_near(vcpus, stop->watch))
		return vcpus_unmute(vcpus, error);
	if (lock >= 0) {
		if (is_gone(vcpus, guest->watch.locks[lock].group))
			return true;
		if (guest_lock(guest, lock) == 0) {
			vcpus->holders[lock] = -1;
			vcpus_note(vcpus, (Event){ .kind = EVENT_UNLOCK, .actor = actor, .page = -1,
					     .lock = lock });
			return true;
		}
		/* The queue of waiters behind a holder is not an event. */
		if (vcpus->holders[lock] >= 0)
			return true;
	}
	int word = vcpus_word_at(vcpus, stop->watch);
	if (word >= 0 && vcpus_is_guarded(vcpus, actor, word))
		return true;
	SiteKind kind = lock >= 0 ? SITE_LOCK : word >= 0 ? SITE_WORD
			: vcpus_pte_at(vcpus, stop->watch) >= 0 ? SITE_PTE : SITE_ACCESS;
	if (!sites_decode_before(vcpus->sites, vcpus_number(vcpus, actor), next, &insn, error))
		return false;
	if (kind == SITE_WORD && only_asserts(vcpus, word, &insn))
		return true;
	*ret_stay = vcpus->new_site = true;
	return sites_keep(vcpus->sites, insn.pc) || sites_learn(vcpus->sites, &insn, kind, error);
}

static void note_flush(Vcpus *vcpus, int actor, const Site *site, const Regs *regs)
{
	Event event = { .kind = EVENT_FLUSH, .actor = actor, .page = -1,
			.flush = site->insn.flush, .pc = site->insn.pc };

	const WatchView *view;

	vcpus->flushes++;
	if (site->insn.root >= 0)
		event.root = watch_root(&vcpus->guest->watch, regs->general[site->insn.root]);
	if (event.flush == FLUSH_PAGE) {
		event.page = vcpus_page_walked(vcpus, actor, regs->root, insn_address(&site->insn, regs),
					       &view);
		if (event.page < 0)
			return;
		/* One address is flushed, not the page's others. */
		event.view = view->mm + 1;
		event.slot = view->slot;
	}
	vcpus_note(vcpus, event);
}

static void note_return(Vcpus *vcpus, int actor, gint64 result)
{
	Actor *self = &vcpus->actors[actor];

	self->returns++;
	self->result = result;
	vcpus_note(vcpus, (Event){ .kind = EVENT_RETURN, .actor = actor, .page = -1,
			     .pc = self->own.regs.pc, .result = result });
}

/*
 * After its operation an actor sleeps, and its vCPU goes on with what the kernel has
 * put off.  An interrupt that waits for it comes when the explorer says so.
 */
static bool may_linger(const Vcpus *vcpus, int actor)
{
	return vcpus->guest->report.has_deferred_work && !guest_irq_queue(vcpus->guest, actor);
}

/* What the actor makes of its operations' results may be another one. */
static void at_done(Vcpus *vcpus, int actor, bool *ret_stay)
{
	Actor *self = &vcpus->actors[actor];
	gint64 result = guest_actor_report(vcpus->guest, actor).result;

	if (!self->done && (!self->returns || self->result != result))
		note_return(vcpus, actor, result);
	self->done = true;
	self->own.state = ACTOR_RETURNED;
	*ret_stay = !may_linger(vcpus, actor);
}

static bool note_destruction(Vcpus *vcpus, int actor, const Regs *regs, GError **error)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_ends; i++) {
		const WatchEnd *end = &watch->ends[i];

		if (regs->pc != vcpus->ends[i] ||
		    regs_argument(regs, end->argument) != end->value)
			continue;
		if (end->kind == END_GONE) {
			vcpus->gone |= 1u << end->group;
			continue;
		}
		vcpus->dying |= 1u << end->group;
		vcpus_note(vcpus, (Event){ .kind = EVENT_DESTROY, .actor = actor, .page = -1,
				     .group = end->group, .pc = regs->pc });
	}
	return vcpus_arm_ptes(vcpus, error);
}

/* Worth a decision only where an interrupt can come from another vCPU at all. */
static bool at_mask(Vcpus *vcpus, int actor, const Site *site, bool *ret_stay)
{
	*ret_stay = vcpus->interrupts && regs_takes_interrupts(&vcpus_context(vcpus, actor)->regs);
	if (!*ret_stay)
		return true;
	sites_note_actor(vcpus->sites, site, actor);
	set_ready(vcpus, actor, (Event){ .kind = EVENT_MASK, .actor = actor, .page = -1,
					 .pc = site->insn.pc });
	return true;
}

/* While discovering: whoever faulted on a watched page is a site. */
static bool at_page_fault(Vcpus *vcpus, int actor, bool *ret_stay, GError **error)
{
	const Regs *regs = &vcpus_context(vcpus, actor)->regs;
	guint64 pc;
	const WatchView *view;
	Insn insn;

	*ret_stay = false;
	if (vcpus_page_at(vcpus, actor, regs->fault, &view) < 0)
		return true;
	if (!machine_word(vcpus->guest->machine, vcpus_number(vcpus, actor), regs_faulted_at(regs), &pc,
			  error))
		return false;
	if (sites_find(vcpus->sites, pc))
		return true;
	*ret_stay = vcpus->new_site = true;
	return sites_decode_at(vcpus->sites, vcpus_number(vcpus, actor), pc, &insn, error) &&
	       sites_learn(vcpus->sites, &insn, SITE_ACCESS, error);
}

/* Whatever ran there: nobody goes on after it. */
static void set_crashed(Vcpus *vcpus, int actor)
{
	vcpus->actors[actor].own.state = vcpus_context(vcpus, actor)->state = ACTOR_CRASHED;
}

/* At a breakpoint; false: nothing to stay for. */
static bool at_breakpoint(Vcpus *vcpus, int actor, bool *ret_stay, GError **error)
{
	Context *at = vcpus_context(vcpus, actor);
	guint64 pc = at->regs.pc;
	const Site *site = sites_find(vcpus->sites, pc);

	if (site)
		vcpus->stopped |= 1u << site->kind;
	*ret_stay = true;
	if (pc == vcpus->done) {
		at_done(vcpus, actor, ret_stay);
		return true;
	}
	if (pc == vcpus->sync) {
		at->state = ACTOR_SYNC;
		return true;
	}
	if (sites_is_gate(vcpus->sites, pc)) {
		vcpus->new_site = true;
		return sites_open_gate(vcpus->sites, pc, error);
	}
	if (pc == vcpus->returned)
		note_return(vcpus, actor, regs_argument(&at->regs, 0));
	if (vcpus->discovering && pc == vcpus->page_fault)
		return at_page_fault(vcpus, actor, ret_stay, error);
	if (pc == vcpus->crashes[0] || pc == vcpus->crashes[1]) {
		set_crashed(vcpus, actor);
		return true;
	}
	Event call;
	if (!vcpus_find_call(vcpus, actor, &call, error))
		return false;
	if (call.kind != EVENT_NONE) {
		set_ready(vcpus, actor, call);
		return true;
	}
	const WatchFree *door = vcpus_free_at(vcpus, pc);
	Event freed;
	if (door && vcpus_pending_free(vcpus, actor, door, &freed)) {
		set_ready(vcpus, actor, freed);
		return true;
	}
	if (site && site->kind == SITE_WAIT) {
		at->state = site->insn.halts ? ACTOR_IDLE : ACTOR_SPINNING;
		return true;
	}
	if (!note_destruction(vcpus, actor, &at->regs, error))
		return false;
	if (site && site->kind == SITE_FLUSH)
		note_flush(vcpus, actor, site, &at->regs);
	else if (site && site->kind == SITE_MASK)
		return at_mask(vcpus, actor, site, ret_stay);
	else if (site && pending_at_site(vcpus, actor, site, &at->regs))
		return true;
	*ret_stay = false;
	return !site || vcpus_pass(vcpus, site, error);
}

/* It spins where nobody thought it would: break there, and start again. */
static bool at_hang(Vcpus *vcpus, int actor, GError **error)
{
	guint64 pc = vcpus_context(vcpus, actor)->regs.pc;
	int armed = sites_arm_waits(vcpus->sites, pc, error);

	vcpus->new_site = true;
	if (armed > 0 || armed < 0)
		return armed > 0;
	/* Or the host stood still: the clock that said so proves nothing. */
	if (vcpus->hangs++ < MAX_HANGS)
		return true;
	g_autofree char *where = symbols_describe(vcpus->guest->symbols, pc);
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "%s runs on and on near %s and never waits for anybody",
		    vcpus->guest->report.actors[actor].name, where);
	return false;
}

/* How long the instruction at @pc is, where we break, if it does nothing; else 0. */
static int idle_bytes(const Vcpus *vcpus, guint64 pc)
{
	const Site *site = sites_find(vcpus->sites, pc);

	if (pc == vcpus->returned || pc == vcpus->done || pc == vcpus->sync)
		return GUEST_MARKER_BYTES;
	return site && site->kind == SITE_WAIT && !site->insn.halts ? site->insn.length : 0;
}

/*
 * To the next stop.  A breakpoint under the vCPU (@step) would hit again at once: step off it,
 * or pass over what does nothing, which saves a stop.
 */
static bool go_on(Vcpus *vcpus, int actor, bool step, Stop *ret, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	guint64 pc = vcpus_context(vcpus, actor)->regs.pc;
	int vcpu = vcpus_number(vcpus, actor), idle = step ? idle_bytes(vcpus, pc) : 0;

	bool hasty = vcpus->hasty && !vcpus->disarmed && sites_has_later(vcpus->sites);

	if (!vcpus_watch_words(vcpus, actor, -1, error) ||
	    (idle && !machine_set(machine, vcpu, reg_pc(pc + idle), error)))
		return false;
	machine_allow(machine, hasty ? HASTY_SECONDS : vcpus_run_seconds(vcpus));
	bool ok = (step && !idle ? machine_step : machine_run)(machine, vcpu, ret, error);
	machine_allow(machine, vcpus_run_seconds(vcpus));
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
static bool end_irq(Vcpus *vcpus, int actor, int *unserved, bool *ret_stay, GError **error)
{
	enum { MAX_UNSERVED = 8 };
	Actor *self = &vcpus->actors[actor];

	*ret_stay = false;
	if (!self->irq_stood && guest_irq_queue(vcpus->guest, actor)) {
		if (++*unserved <= MAX_UNSERVED)
			return true;
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the vCPU of %s does not get done with its interrupts",
			    vcpus->guest->report.actors[actor].name);
		return false;
	}
	self->in_irq = false;
	*ret_stay = true;
	vcpus_note_queues(vcpus, actor);
	if (!machine_hold_interrupts(vcpus->guest->machine, vcpus_number(vcpus, actor),
				     INTERRUPTS_HELD, error))
		return false;
	return self->own.state != ACTOR_RETURNED || !may_linger(vcpus, actor) ||
	       vcpus_advance(vcpus, actor, true, error);
}

/* At a stop.  *@ret_stay: here it stands; *@ret_step: what is under it has been seen. */
static bool at_stop(Vcpus *vcpus, int actor, const Stop *stop, int *unserved, bool *ret_stay,
		    bool *ret_step, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	Context *at = vcpus_context(vcpus, actor);

	*ret_stay = *ret_step = false;
	if (vcpus->survey && survey_take(vcpus->survey, stop, at->regs.pc))
		return true;
	if (stop->kind != STOP_WATCH && is_back(&vcpus->actors[actor]))
		return end_irq(vcpus, actor, unserved, ret_stay, error);
	if (!(stop->kind == STOP_WATCH ? at_watchpoint(vcpus, actor, stop, ret_stay, error)
				       : at_breakpoint(vcpus, actor, ret_stay, error)))
		return false;
	vcpus_note_queues(vcpus, actor);
	/* Behind a watchpoint there may be a breakpoint not yet seen. */
	*ret_step = stop->kind != STOP_WATCH && machine_is_break(machine, at->regs.pc);
	if (!*ret_stay || !vcpus->actors[actor].in_irq)
		return true;
	/* The next one comes when the explorer says so. */
	vcpus->actors[actor].irq_stood = true;
	return machine_hold_interrupts(machine, vcpus_number(vcpus, actor), INTERRUPTS_HELD, error);
}

/* To see what stops there are, and that each is worth its time: docs/speed.md. */
static void say_stop(Vcpus *vcpus, int actor, const Stop *stop)
{
	if (g_log_writer_default_would_drop(G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN))
		return;
	const char *name = vcpus->guest->report.actors[actor].name;
	g_autofree char *where = symbols_describe(vcpus->guest->symbols,
						  vcpus_context(vcpus, actor)->regs.pc);
	if (stop->kind == STOP_WATCH)
		g_debug("%s stops at %s, after 0x%" G_GINT64_MODIFIER "x", name, where, stop->watch);
	else
		g_debug("%s stops at %s", name, where);
}

static bool advance(Vcpus *vcpus, int actor, bool step, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	int vcpu = vcpus_number(vcpus, actor), unserved = 0;
	bool stay;
	Stop stop;

	for (int stops = 0; stops < MAX_STOPS; stops++) {
		if (!go_on(vcpus, actor, step, &stop, error))
			return false;
		if (stop.kind == STOP_SHUTDOWN) {
			set_crashed(vcpus, actor);
			return true;
		}
		if (!machine_regs(machine, vcpu, &vcpus_context(vcpus, actor)->regs, error))
			return false;
		say_stop(vcpus, actor, &stop);
		if (stop.kind == STOP_INTERRUPTED)
			return at_hang(vcpus, actor, error);
		if (!at_stop(vcpus, actor, &stop, &unserved, &stay, &step, error))
			return false;
		if (stay)
			return true;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "%s made %d stops and no event",
		    vcpus->guest->report.actors[actor].name, MAX_STOPS);
	return false;
}

bool vcpus_advance(Vcpus *vcpus, int actor, bool step, GError **error)
{
	return advance(vcpus, actor, step, error) && vcpus_unmute(vcpus, error);
}
