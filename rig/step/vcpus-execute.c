// SPDX-License-Identifier: GPL-2.0-only
#include "arch/arch.h"
#include "arch/pte.h"
#include "step/vcpus.h"

#include <string.h>

#include "step/probe.h"

/* Before an access: stamp whatever may stand behind the page. */
static bool begin_probe(const Vcpus *vcpus, const Context *self, const Site *site, Probe *ret)
{
	guint64 frames[PROBE_FRAMES];
	guint n = MIN(vcpus->frames->len, PROBE_FRAMES);

	if (self->pending.kind != EVENT_ACCESS || vcpus->discovering || vcpus->no_probe)
		return false;
	for (guint i = 0; i < n; i++)
		frames[i] = g_array_index(vcpus->frames, Frame, i).pfn;
	return probe_begin(ret, vcpus->guest->machine, &site->insn,
			   insn_address(&site->insn, &self->regs), frames, n);
}

/* The store half of a split read-modify-write sees what the load half saw. */
static void begin_store_half(Vcpus *vcpus, const Context *self)
{
	const WatchPte *pte = watch_pte(&vcpus->guest->watch, event_slot(&self->pending));

	machine_phys64_set(vcpus->guest->machine, pte->phys, self->loaded);
}

/* Through a PTE that is watched, and in a way that @pte allows: no fault then. */
static bool is_allowed(const Event *event, guint64 pte)
{
	return pte_allows(pte, event->access != ACCESS_READ, event->view != 0);
}

/* Whether carrying out @event is sure to hit a watchpoint. */
static bool hits_watchpoint(const Vcpus *vcpus, const Event *event, guint64 stale)
{
	switch (event->kind) {
	case EVENT_PTE:
		return !vcpus_is_disarmed(vcpus, event->page);
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
 * A watchpoint that a step hits after all is reported twice; vcpus_advance() sees the second
 * stop.  Taking the watchpoint off for the step costs more than time: it would empty all soft
 * TLBs, since the direct map around the PTE is made of large pages (tlb_flush_page_locked()).
 */
static bool execute_one(Vcpus *vcpus, const Event *event, guint64 stale, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	int vcpu = vcpus_number(vcpus, event->actor);
	Stop stop;

	return hits_watchpoint(vcpus, event, stale)
		? machine_step_watched(machine, vcpu, event->pc, &stop, error)
		: machine_step(machine, vcpu, &stop, error);
}

/* What this vCPU's walks find in @slot from now on, and nothing that it has walked before. */
static bool set_translation(Vcpus *vcpus, int actor, int slot, guint64 pte, GError **error)
{
	Machine *machine = vcpus->guest->machine;

	machine_phys64_set(machine, watch_pte(&vcpus->guest->watch, slot)->phys, pte);
	return machine_flush_tlb(machine, vcpus_number(vcpus, actor), error);
}

/*
 * One instruction.  With @stale it goes through that translation: for as long as it takes the
 * PTE is what it was then.  No other vCPU runs meanwhile, and the PTE is put back without what
 * the walk has left in it (A and D), so nobody can tell.  An access in an interrupt, which has
 * no such choice, finds an empty TLB.  What the emulator's own TLB would have kept is no matter.
 */
static bool execute_through(Vcpus *vcpus, const Event *event, guint64 stale, GError **error)
{
	int actor = event->actor, slot = event_slot(event);

	if (!stale)
		return (event->kind != EVENT_ACCESS || !event->irq ||
			machine_flush_tlb(vcpus->guest->machine, vcpus_number(vcpus, actor),
					  error)) &&
		       execute_one(vcpus, event, 0, error);
	return set_translation(vcpus, actor, slot, stale, error) &&
	       execute_one(vcpus, event, stale, error) &&
	       set_translation(vcpus, actor, slot, event->before[slot], error);
}

/* What a store of the kernel's, by @address, has left in the frame that it reached. */
static void note_stored(Vcpus *vcpus, Event *event, const Insn *insn, guint64 address)
{
	const int page_bytes = arch_page_bytes();
	int bytes = insn->bytes, offset = address % page_bytes;
	guint64 mask = bytes == 8 ? ~0ull : (1ull << 8 * bytes) - 1;

	if (!event->landed || event->access == ACCESS_READ || !event_is_kernel(event) || bytes > 8 ||
	    offset + 8 > page_bytes)
		return;
	event->offset = offset;
	event->bytes = bytes;
	event->stored = machine_phys64(vcpus->guest->machine, event->landed * page_bytes + offset) & mask;
}

/* Who counts down to nothing ends what is counted: the struct that the words are in may be another's next. */
static void note_count(Vcpus *vcpus, Event *event, guint64 before)
{
	const Watch *watch = &vcpus->guest->watch;
	const WatchWord *word = &watch->words[event->word];

	guint64 now = guest_word(vcpus->guest, event->word);

	event->kept = now == before;
	event->beside = !event->kept && !((now ^ before) & word->bits);
	event->count = now >> 8 * (word->bytes - sizeof(gint32));
	if (event->count == 0 && word->ends)
		vcpus->over |= G_GUINT64_CONSTANT(1) << event->word;
	for (int i = 0; word->is == COUNT_PROCESSES && event->count == 0 && i < watch->n_words; i++)
		if (watch->words[i].is >= COUNT_MAPPINGS && watch->words[i].mm == word->mm)
			vcpus->over |= G_GUINT64_CONSTANT(1) << i;
}

static void note_holder(Vcpus *vcpus, int actor, int lock)
{
	vcpus->holders[lock] = actor;
	vcpus->held_in_irq &= ~(1u << lock);
	if (vcpus->actors[actor].in_irq)
		vcpus->held_in_irq |= 1u << lock;
}

bool vcpus_execute(Vcpus *vcpus, int actor, guint64 stale, Event *ret_event, GError **error)
{
	Machine *machine = vcpus->guest->machine;
	Context *self = vcpus_context(vcpus, actor);
	int vcpu = vcpus_number(vcpus, actor);
	Probe probe;

	*ret_event = self->pending;
	vcpus_ptes(vcpus, ret_event->before);
	if (self->pending.half == HALF_LOAD) {
		self->loaded = ret_event->before[event_slot(&self->pending)];
		memcpy(ret_event->after, ret_event->before, sizeof(ret_event->after));
		self->pending.half = HALF_STORE;
		return true;
	}
	if (self->pending.kind == EVENT_HOLD) {
		memcpy(ret_event->after, ret_event->before, sizeof(ret_event->after));
		return vcpus_advance(vcpus, actor, false, error);
	}
	if (self->pending.half == HALF_STORE)
		begin_store_half(vcpus, self);
	if (self->pending.kind == EVENT_FREE)
		return vcpus_free_one(vcpus, actor, ret_event, error);
	int word = self->pending.kind == EVENT_WORD ? self->pending.word : -1;
	guint64 counted = word >= 0 ? guest_word(vcpus->guest, word) : 0;
	if (!vcpus_watch_words(vcpus, actor, word, error))
		return false;
	const Site *site = sites_find(vcpus->sites, self->pending.pc);
	guint64 address = self->pending.kind == EVENT_ACCESS ? insn_address(&site->insn, &self->regs) : 0;
	bool probed = begin_probe(vcpus, self, site, &probe);
	ret_event->stale = stale != 0;
	if (!execute_through(vcpus, ret_event, stale, error) ||
	    !machine_regs(machine, vcpu, &self->regs, error) ||
	    (probed && !probe_end(&probe, &site->insn, vcpu, &self->regs, &ret_event->landed, error)))
		return false;
	self->loaded = 0;
	ret_event->faulted = self->regs.pc == vcpus->page_fault;
	if (stale && !ret_event->faulted && !vcpus->no_probe)
		ret_event->landed = pte_pfn(stale);
	if (self->pending.kind == EVENT_ACCESS)
		note_stored(vcpus, ret_event, &site->insn, address);
	if (ret_event->faulted && event_is_kernel(ret_event))
		ret_event->program = guest_actor_report(vcpus->guest, actor).program;
	if (self->pending.kind == EVENT_LOCK && guest_lock(vcpus->guest, self->pending.lock))
		note_holder(vcpus, actor, self->pending.lock);
	if (self->pending.kind == EVENT_WORD && self->pending.lock < 0)
		note_count(vcpus, ret_event, counted);
	vcpus_ptes(vcpus, ret_event->after);
	/* Whoever gives it up does so while it is held: even where its holder does nothing else. */
	if (self->pending.kind == EVENT_LOCK && vcpus_may_be_given_up(vcpus, self->pending.lock)) {
		self->pending.kind = EVENT_HOLD;
		self->pending.guards = false;
		return true;
	}
	/* Where the step ended may be the next event: running stops there at once. */
	return vcpus_advance(vcpus, actor, false, error);
}
