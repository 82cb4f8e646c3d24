// SPDX-License-Identifier: GPL-2.0-only
#include "arch/arch.h"
#include "arch/pte.h"
#include "step/stage.h"

#include <string.h>

#include "step/probe.h"

/* Before an access: stamp whatever may stand behind the page. */
static bool begin_probe(const Stage *stage, const Context *self, const Site *site, Probe *ret)
{
	guint64 frames[PROBE_FRAMES];
	guint n = MIN(stage->frames->len, PROBE_FRAMES);

	if (self->pending.kind != EVENT_ACCESS || stage->discovering || stage->blind)
		return false;
	for (guint i = 0; i < n; i++)
		frames[i] = g_array_index(stage->frames, Frame, i).pfn;
	return probe_begin(ret, stage->guest->machine, &site->insn,
			   insn_address(&site->insn, &self->regs), frames, n);
}

/* The store half of a split read-modify-write sees what the load half saw. */
static void begin_store_half(Stage *stage, const Context *self)
{
	const WatchPte *pte = watch_pte(&stage->guest->watch, event_slot(&self->pending));

	machine_phys64_set(stage->guest->machine, pte->phys, self->loaded);
}

/* Through a PTE that is watched, and in a way that @pte allows: no fault then. */
static bool is_allowed(const Event *event, guint64 pte)
{
	return pte_allows(pte, event->access != ACCESS_READ, event->view != 0);
}

/* Whether carrying out @event is sure to hit a watchpoint. */
static bool hits_watchpoint(const Stage *stage, const Event *event, guint64 stale)
{
	switch (event->kind) {
	case EVENT_PTE:
		return !stage_is_disarmed(stage, event->page);
	case EVENT_LOCK:
	case EVENT_WORD:
		return true;
	case EVENT_ACCESS:
		return event_slot(event) >= 0 &&
		       is_allowed(event, stale ? stale : event->before[event_slot(event)]);
	default:
		return false;
	}
}

/*
 * A watchpoint that a step hits after all is reported twice; stage_advance() sees the second
 * stop.  Taking the watchpoint off for the step costs more than time: it would empty all soft
 * TLBs, since the direct map around the PTE is made of large pages (tlb_flush_page_locked()).
 */
static bool execute_one(Stage *stage, const Event *event, guint64 stale, GError **error)
{
	Machine *machine = stage->guest->machine;
	int vcpu = stage_vcpu(stage, event->actor);
	Stop stop;

	return hits_watchpoint(stage, event, stale)
		? machine_step_watched(machine, vcpu, event->pc, &stop, error)
		: machine_step(machine, vcpu, &stop, error);
}

/* What this vCPU's walks find in @slot from now on, and nothing that it has walked before. */
static bool set_translation(Stage *stage, int actor, int slot, guint64 pte, GError **error)
{
	Machine *machine = stage->guest->machine;

	machine_phys64_set(machine, watch_pte(&stage->guest->watch, slot)->phys, pte);
	return machine_forget_translations(machine, stage_vcpu(stage, actor), error);
}

/*
 * One instruction.  With @stale it goes through that translation: for as long as it takes the
 * PTE is what it was then.  No other vCPU runs meanwhile, and the PTE is put back without what
 * the walk has left in it (A and D), so nobody can tell.  An access in an interrupt, which has
 * no such choice, finds an empty TLB.  What the emulator's own TLB would have kept is no matter.
 */
static bool execute_through(Stage *stage, const Event *event, guint64 stale, GError **error)
{
	int actor = event->actor, slot = event_slot(event);

	if (!stale)
		return (event->kind != EVENT_ACCESS || !event->irq ||
			machine_forget_translations(stage->guest->machine, stage_vcpu(stage, actor),
						    error)) &&
		       execute_one(stage, event, 0, error);
	return set_translation(stage, actor, slot, stale, error) &&
	       execute_one(stage, event, stale, error) &&
	       set_translation(stage, actor, slot, event->before[slot], error);
}

/* What a store of the kernel's, by @address, has left in the frame that it reached. */
static void note_stored(Stage *stage, Event *event, const Insn *insn, guint64 address)
{
	const int page_bytes = arch_page_bytes();
	int bytes = insn->bytes, offset = address % page_bytes;
	guint64 mask = bytes == 8 ? ~0ull : (1ull << 8 * bytes) - 1;

	if (!event->landed || event->access == ACCESS_READ || !event_is_kernel(event) || bytes > 8 ||
	    offset + 8 > page_bytes)
		return;
	event->offset = offset;
	event->bytes = bytes;
	event->stored = machine_phys64(stage->guest->machine, event->landed * page_bytes + offset) & mask;
}

/* Who counts down to nothing ends what is counted: the struct that a process's is in may go next. */
static void note_count(Stage *stage, Event *event)
{
	const WatchWord *word = &stage->guest->watch.words[event->word];

	event->count = guest_word(stage->guest, event->word) >> 8 * (word->bytes - sizeof(gint32));
	if (word->mm >= 0 && event->count == 0)
		stage->over |= G_GUINT64_CONSTANT(1) << event->word;
}

static void note_holder(Stage *stage, int actor, int lock)
{
	stage->holders[lock] = actor;
	stage->held_in_irq &= ~(1u << lock);
	if (stage->actors[actor].in_irq)
		stage->held_in_irq |= 1u << lock;
}

bool stage_execute(Stage *stage, int actor, guint64 stale, Event *ret_event, GError **error)
{
	Machine *machine = stage->guest->machine;
	Context *self = stage_context(stage, actor);
	int vcpu = stage_vcpu(stage, actor);
	Probe probe;

	*ret_event = self->pending;
	stage_ptes(stage, ret_event->before);
	if (self->pending.half == HALF_LOAD) {
		self->loaded = ret_event->before[event_slot(&self->pending)];
		memcpy(ret_event->after, ret_event->before, sizeof(ret_event->after));
		self->pending.half = HALF_STORE;
		return true;
	}
	if (self->pending.kind == EVENT_HOLD) {
		memcpy(ret_event->after, ret_event->before, sizeof(ret_event->after));
		return stage_advance(stage, actor, false, error);
	}
	if (self->pending.half == HALF_STORE)
		begin_store_half(stage, self);
	if (self->pending.kind == EVENT_FREE)
		return stage_free_one(stage, actor, ret_event, error);
	int word = self->pending.kind == EVENT_WORD ? self->pending.word : -1;
	if (!stage_watch_words(stage, actor, word, error))
		return false;
	const Site *site = sites_find(stage->sites, self->pending.pc);
	guint64 address = self->pending.kind == EVENT_ACCESS ? insn_address(&site->insn, &self->regs) : 0;
	bool probed = begin_probe(stage, self, site, &probe);
	ret_event->stale = stale != 0;
	if (!execute_through(stage, ret_event, stale, error) ||
	    !machine_regs(machine, vcpu, &self->regs, error) ||
	    (probed && !probe_end(&probe, &site->insn, vcpu, &self->regs, &ret_event->landed, error)))
		return false;
	self->loaded = 0;
	ret_event->faulted = self->regs.pc == stage->page_fault;
	if (stale && !ret_event->faulted && !stage->blind)
		ret_event->landed = pte_pfn(stale);
	if (self->pending.kind == EVENT_ACCESS)
		note_stored(stage, ret_event, &site->insn, address);
	if (ret_event->faulted && event_is_kernel(ret_event))
		ret_event->program = guest_actor_report(stage->guest, actor).program;
	if (self->pending.kind == EVENT_LOCK && guest_lock(stage->guest, self->pending.lock))
		note_holder(stage, actor, self->pending.lock);
	if (self->pending.kind == EVENT_WORD && self->pending.lock < 0)
		note_count(stage, ret_event);
	stage_ptes(stage, ret_event->after);
	/* Whoever gives it up does so while it is held: even where its holder does nothing else. */
	if (self->pending.kind == EVENT_LOCK && stage_may_be_given_up(stage, self->pending.lock)) {
		self->pending.kind = EVENT_HOLD;
		self->pending.guards = false;
		return true;
	}
	/* Where the step ended may be the next event: running stops there at once. */
	return stage_advance(stage, actor, false, error);
}
