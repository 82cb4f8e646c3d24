// SPDX-License-Identifier: GPL-2.0-only
#include "touch.h"

#include "observe/stepper.h"

G_STATIC_ASSERT((int)MAX_ACTORS == (int)SCHEDULE_ACTORS);
G_STATIC_ASSERT((int)STEPPER_IRQ == (int)THREAD_IRQ);
G_STATIC_ASSERT((int)STEPPER_EVICT == (int)THREAD_EVICT);

static guint32 pte(int page)
{
	return 1u << (OBJECT_PTE + page);
}

static guint32 tlb(int actor)
{
	return 1u << (OBJECT_TLB + actor);
}

static guint32 irq(int actor)
{
	return 1u << (OBJECT_IRQ + actor);
}

Footprint touch_pending(const Event *event)
{
	static const guint32 data = 1u << OBJECT_DATA, lock = 1u << OBJECT_LOCK;

	switch (event->kind) {
	case EVENT_PTE:
		if (event->access == ACCESS_READ || event->half == HALF_LOAD)
			return (Footprint){ .reads = pte(event->page) };
		return (Footprint){ .writes = pte(event->page) };
	case EVENT_ACCESS:
		/* The walk reads the PTE, if the TLB does not know the page yet. */
		if (event->access == ACCESS_READ)
			return (Footprint){ .reads = pte(event->page) | data,
					    .writes = tlb(event->actor) };
		return (Footprint){ .reads = pte(event->page), .writes = data | tlb(event->actor) };
	case EVENT_LOCK:
		return (Footprint){ .writes = lock, .acquires = lock };
	case EVENT_UNLOCK:
		return (Footprint){ .writes = lock };
	case EVENT_FREE:
		return (Footprint){ .writes = data };
	case EVENT_MASK:
		return (Footprint){ .writes = irq(event->actor) };
	case EVENT_SEND:
		return (Footprint){ .writes = irq(event->to) };
	case EVENT_IRQ:
		if (event->opaque)
			return footprint_everything();
		return (Footprint){ .writes = tlb(event->actor) | irq(event->actor) };
	case EVENT_EVICT:
		return (Footprint){ .reads = pte(event->page), .writes = tlb(event->actor) };
	case EVENT_FLUSH:
		return (Footprint){ .writes = tlb(event->actor) };
	case EVENT_NONE:
	case EVENT_DESTROY:
	case EVENT_RETURN:
		break;
	}
	return (Footprint){ 0 };
}

Footprint touch_done(const GArray *events)
{
	const Event *first = &g_array_index(events, Event, 0);
	Footprint done = touch_pending(first);

	/* A cmpxchg that failed, or a store of what was there, is a read to all others. */
	if (first->kind == EVENT_PTE && first->before[first->page] == first->after[first->page])
		done = (Footprint){ .reads = pte(first->page) };
	for (guint i = 1; i < events->len; i++) {
		Footprint more = touch_pending(&g_array_index(events, Event, i));

		done.reads |= more.reads;
		done.writes |= more.writes;
	}
	return done;
}
