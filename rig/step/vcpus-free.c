// SPDX-License-Identifier: GPL-2.0-only
/* Pages that go back to the allocator. */
#include "step/vcpus.h"

#include <string.h>

gint32 vcpus_page_users(const Vcpus *vcpus, int actor, guint64 page)
{
	gint32 count;

	return machine_read(vcpus->guest->machine, vcpus_number(vcpus, actor),
			    page + vcpus->guest->refcount_offset, &count, sizeof(count), NULL)
		? count : G_MAXINT32;
}

const WatchFree *vcpus_free_at(const Vcpus *vcpus, guint64 pc)
{
	for (int i = 0; i < vcpus->guest->watch.n_frees; i++)
		if (vcpus->frees[i] == pc)
			return &vcpus->guest->watch.frees[i];
	return NULL;
}

/* A folio is its first page. */
guint64 vcpus_freed_page(const Vcpus *vcpus, int actor, const WatchFree *door, const Regs *regs,
			 guint i)
{
	Machine *machine = vcpus->guest->machine;
	guint64 first = regs_argument(regs, 0), page = 0;
	guint8 count = 0;

	if (door->argument != FREES_BATCH)
		return i ? 0 : first;
	int vcpu = vcpus_number(vcpus, actor);

	if (!machine_read(machine, vcpu, first + door->count_at, &count, sizeof(count), NULL) || i >= count ||
	    !machine_read(machine, vcpu, first + door->list_at + i * sizeof(page), &page, sizeof(page), NULL))
		return 0;
	return page;
}

/* The frame of the struct page at @page, if it was ever in a watched PTE. */
static const Frame *frame_of(const Vcpus *vcpus, guint64 page)
{
	const Guest *guest = vcpus->guest;

	for (guint i = 0; i < vcpus->frames->len; i++) {
		const Frame *frame = &g_array_index(vcpus->frames, Frame, i);

		if (frame->pfn == (page - guest->vmemmap) / guest->page_size)
			return frame;
	}
	return NULL;
}

bool vcpus_pending_free(Vcpus *vcpus, int actor, const WatchFree *door, Event *ret)
{
	Context *at = vcpus_context(vcpus, actor);
	guint64 page;

	while ((page = vcpus_freed_page(vcpus, actor, door, &at->regs, at->listed))) {
		const Frame *frame = frame_of(vcpus, page);

		at->listed++;
		if (!frame || (door->drops && vcpus_page_users(vcpus, actor, page) > 0))
			continue;
		*ret = (Event){ .kind = EVENT_FREE, .actor = actor, .page = frame->page,
				.pfn = frame->pfn, .double_free = door->drops, .pc = at->regs.pc };
		return true;
	}
	at->listed = 0;
	return false;
}

bool vcpus_free_one(Vcpus *vcpus, int actor, Event *event, GError **error)
{
	const Watch *watch = &vcpus->guest->watch;

	/* Who has the page next counts anew. */
	for (int i = 0; i < watch->n_words; i++)
		if (watch->words[i].pfn == event->pfn)
			vcpus->over |= G_GUINT64_CONSTANT(1) << i;
	event->lazy = guest_lazy(vcpus->guest);
	memcpy(event->after, event->before, sizeof(event->after));
	if (!event->double_free)
		return vcpus_advance(vcpus, actor, false, error);
	/* The allocator's lists lead anywhere from here on. */
	vcpus->actors[actor].own.state = vcpus_context(vcpus, actor)->state = ACTOR_CRASHED;
	return true;
}

/* A list of one page; where it is, by the address at which the kernel has all memory, PTEs among it. */
static guint64 make_list(const Vcpus *vcpus, const WatchFree *door, guint64 page, guint64 phys)
{
	const WatchPte *pte = watch_pte(&vcpus->guest->watch, 0);

	machine_phys64_set(vcpus->guest->machine, phys + door->count_at, 1);
	machine_phys64_set(vcpus->guest->machine, phys + door->list_at, page);
	return pte->va - pte->phys + phys;
}

bool vcpus_lead_to_door(const Vcpus *vcpus, int actor, int to, const Regs *regs, guint64 list,
			bool *ret_leads, GError **error)
{
	const WatchFree *door = &vcpus->guest->watch.frees[to];
	const WatchFree *at = vcpus_free_at(vcpus, regs->pc);
	int vcpu = vcpus_number(vcpus, actor);
	bool is_list = door->argument == FREES_BATCH;

	*ret_leads = is_list ? at && !at->drops && at->argument == FREES_PAGE
			  : door->drops && regs->pc == vcpus->frees[0];
	if (*ret_leads && is_list &&
	    !machine_set(vcpus->guest->machine, vcpu,
			 reg_argument(0, make_list(vcpus, door, regs_argument(regs, 0), list)), error))
		return false;
	return !*ret_leads || machine_set(vcpus->guest->machine, vcpu, reg_pc(vcpus->frees[to]), error);
}
