// SPDX-License-Identifier: GPL-2.0-only
/* When two states are one, as far as is known without a look at all of memory. */
#include "arch/arch.h"
#include "step/vcpus.h"

#include "guest/walk.h"

/* Whether a user access will fault depends on page tables of its own. */
static void add_user_pte(const Guest *guest, const Context *at, GChecksum *sum)
{
	const WatchView *view = watch_user(&guest->watch, at->pending.page);
	guint64 pte = view ? walk_user_pte(guest->machine, &at->regs, view->va) : 0;

	g_checksum_update(sum, (const guchar *)&pte, sizeof(pte));
}

/* Two waits for the same thing look alike in the registers: the callers tell them apart. */
static void add_stack(Vcpus *vcpus, int actor, GChecksum *sum)
{
	enum { LENGTH = 512 };
	guint64 sp = regs_sp(&vcpus_context(vcpus, actor)->regs);
	guint64 end = (sp | (guint64)(ARCH.stack_bytes - 1)) + 1;
	guint8 words[LENGTH] = { 0 };

	machine_read(vcpus->guest->machine, vcpus->guest->report.actors[actor].cpu, sp, words,
		     MIN(LENGTH, end - sp), NULL);
	g_checksum_update(sum, words, sizeof(words));
}

static void add_context(const Guest *guest, const Context *at, GChecksum *sum)
{
	guint64 half[] = { at->state, at->regs.pc, at->pending.half, at->loaded,
			   at->state == ACTOR_READY ? at->pending.kind : EVENT_NONE };

	g_checksum_update(sum, (const guchar *)half, sizeof(half));
	g_checksum_update(sum, (const guchar *)at->regs.general,
			  ARCH.n_general * sizeof(*at->regs.general));
	if (at->state == ACTOR_READY && !event_is_kernel(&at->pending))
		add_user_pte(guest, at, sum);
}

char *vcpus_key(Vcpus *vcpus, const Tlb *tlb, const ThreadSet *enabled)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const guint32 ended[] = { vcpus->dying, vcpus->gone };
	guint64 ptes[MAX_PTES];

	guest_ptes(vcpus->guest, ptes);
	g_checksum_update(sum, (const guchar *)ptes, sizeof(ptes));
	tlb_checksum(tlb, sum);
	for (int i = 0; i < vcpus->guest->watch.n_locks; i++) {
		guint64 lock = guest_lock(vcpus->guest, i);
		g_checksum_update(sum, (const guchar *)&lock, sizeof(lock));
	}
	for (int i = 0; i < vcpus->guest->watch.n_words; i++) {
		guint64 word = guest_word(vcpus->guest, i);
		g_checksum_update(sum, (const guchar *)&word, sizeof(word));
	}
	g_checksum_update(sum, (const guchar *)enabled, sizeof(*enabled));
	g_checksum_update(sum, (const guchar *)&vcpus->failures_left, sizeof(vcpus->failures_left));
	/* What has come to its end. */
	g_checksum_update(sum, (const guchar *)&vcpus->over, sizeof(vcpus->over));
	for (gsize i = 0; i < G_N_ELEMENTS(ended); i++)
		g_checksum_update(sum, (const guchar *)&ended[i], sizeof(ended[i]));
	for (int i = 0; i < vcpus->guest->n_actors; i++) {
		const Actor *actor = &vcpus->actors[i];

		add_context(vcpus->guest, &actor->own, sum);
		if (actor->in_irq)
			add_context(vcpus->guest, &actor->irq, sum);
		/* The same access of the next operation is another state. */
		g_checksum_update(sum, (const guchar *)&actor->returns, sizeof(actor->returns));
		if (vcpus_context(vcpus, i)->state == ACTOR_SPINNING)
			add_stack(vcpus, i, sum);
	}
	return g_strdup(g_checksum_get_string(sum));
}

void vcpus_begin_tlb(const Vcpus *vcpus, Tlb *ret)
{
	const Guest *guest = vcpus->guest;
	guint64 ptes[MAX_PTES];
	TlbTables tables = { { 0 }, { 0 } };

	for (int slot = 0; slot < guest->watch.n_ptes; slot++)
		tables.views[slot] = guest->watch.pages[guest->watch.ptes[slot].page]
				     .views[guest->watch.ptes[slot].view].mm + 1;
	for (int i = 0; i < guest->n_actors; i++)
		tables.roots[i] = guest->report.actors[i].process + 1;
	guest_ptes(guest, ptes);
	tlb_begin(ret, guest->n_actors, guest->watch.n_ptes, ptes, &tables);
}
