// SPDX-License-Identifier: GPL-2.0-only
/* Pages that go back to the allocator. */
#include "step/stage.h"

#include <string.h>

gint32 stage_page_users(const Stage *stage, int actor, guint64 page)
{
	gint32 count;

	return machine_read(stage->guest->machine, stage_vcpu(stage, actor),
			    page + stage->guest->refcount_offset, &count, sizeof(count), NULL)
		? count : G_MAXINT32;
}

const WatchFree *stage_free_at(const Stage *stage, guint64 pc)
{
	for (int i = 0; i < stage->guest->watch.n_frees; i++)
		if (stage->frees[i] == pc)
			return &stage->guest->watch.frees[i];
	return NULL;
}

/* A folio is its first page. */
guint64 stage_freed_page(const Stage *stage, int actor, const WatchFree *door, const Regs *regs,
			 guint i)
{
	Machine *machine = stage->guest->machine;
	guint64 first = regs_argument(regs, 0), page = 0;
	guint8 count = 0;

	if (door->argument != FREES_BATCH)
		return i ? 0 : first;
	if (!machine_read(machine, stage_vcpu(stage, actor), first + door->count_at, &count, sizeof(count),
			  NULL) || i >= count ||
	    !machine_read(machine, stage_vcpu(stage, actor), first + door->list_at + i * sizeof(page), &page,
			  sizeof(page), NULL))
		return 0;
	return page;
}

/* The frame of the struct page at @page, if it was ever in a watched PTE. */
static const Frame *frame_of(const Stage *stage, guint64 page)
{
	const Guest *guest = stage->guest;

	for (guint i = 0; i < stage->frames->len; i++) {
		const Frame *frame = &g_array_index(stage->frames, Frame, i);

		if (frame->pfn == (page - guest->vmemmap) / guest->page_size)
			return frame;
	}
	return NULL;
}

bool stage_pending_free(Stage *stage, int actor, const WatchFree *door, Event *ret)
{
	Context *at = stage_context(stage, actor);
	guint64 page;

	while ((page = stage_freed_page(stage, actor, door, &at->regs, at->listed))) {
		const Frame *frame = frame_of(stage, page);

		at->listed++;
		if (!frame || (door->drops && stage_page_users(stage, actor, page) > 0))
			continue;
		*ret = (Event){ .kind = EVENT_FREE, .actor = actor, .page = frame->page,
				.pfn = frame->pfn, .double_free = door->drops, .pc = at->regs.pc };
		return true;
	}
	at->listed = 0;
	return false;
}

bool stage_free_one(Stage *stage, int actor, Event *event, GError **error)
{
	const Watch *watch = &stage->guest->watch;

	/* Who has the page next counts anew. */
	for (int i = 0; i < watch->n_words; i++)
		if (watch->words[i].pfn == event->pfn)
			stage->over |= G_GUINT64_CONSTANT(1) << i;
	event->lazy = guest_lazy(stage->guest);
	memcpy(event->after, event->before, sizeof(event->after));
	if (!event->double_free)
		return stage_advance(stage, actor, false, error);
	/* The allocator's lists lead anywhere from here on. */
	stage->actors[actor].own.state = stage_context(stage, actor)->state = ACTOR_CRASHED;
	return true;
}

/* A list of one page; where it is, by the address at which the kernel has all memory, PTEs among it. */
static guint64 make_list(const Stage *stage, const WatchFree *door, guint64 page, guint64 phys)
{
	const WatchPte *pte = watch_pte(&stage->guest->watch, 0);

	machine_phys64_set(stage->guest->machine, phys + door->count_at, 1);
	machine_phys64_set(stage->guest->machine, phys + door->list_at, page);
	return pte->va - pte->phys + phys;
}

bool stage_lead_to_door(const Stage *stage, int actor, int to, const Regs *regs, guint64 list,
			bool *ret_leads, GError **error)
{
	const WatchFree *door = &stage->guest->watch.frees[to];
	const WatchFree *at = stage_free_at(stage, regs->pc);
	int vcpu = stage_vcpu(stage, actor);
	bool is_list = door->argument == FREES_BATCH;

	*ret_leads = is_list ? at && !at->drops && at->argument == FREES_PAGE
			  : door->drops && regs->pc == stage->frees[0];
	if (*ret_leads && is_list &&
	    !machine_set(stage->guest->machine, vcpu,
			 reg_argument(0, make_list(stage, door, regs_argument(regs, 0), list)), error))
		return false;
	return !*ret_leads || machine_set(stage->guest->machine, vcpu, reg_pc(stage->frees[to]), error);
}
