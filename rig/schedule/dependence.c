// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/dependence.h"

static void touch(GArray *touches, ObjectKind kind, int index, TouchLevel level)
{
	Touch one = { object_of(kind, index), level };

	g_array_append_val(touches, one);
}

static void add_access(GArray *touches, const Event *event)
{
	/* The walk reads the PTE, if the TLB does not know the page yet. */
	touch(touches, OBJECT_PTE, event->page, TOUCH_READ);
	touch(touches, OBJECT_DATA, 0, event->access == ACCESS_READ ? TOUCH_READ : TOUCH_WRITE);
	touch(touches, OBJECT_TLB, event->actor, TOUCH_WRITE);
}

static void add_event(GArray *touches, const Event *event)
{
	bool reads = event->access == ACCESS_READ || event->half == HALF_LOAD;

	switch (event->kind) {
	case EVENT_PTE:
		touch(touches, OBJECT_PTE, event->page, reads ? TOUCH_READ : TOUCH_WRITE);
		break;
	case EVENT_ACCESS:
		add_access(touches, event);
		break;
	case EVENT_LOCK:
		touch(touches, OBJECT_LOCK, 0, TOUCH_ACQUIRE);
		break;
	case EVENT_UNLOCK:
		touch(touches, OBJECT_LOCK, 0, TOUCH_WRITE);
		break;
	case EVENT_FREE:
		touch(touches, OBJECT_DATA, 0, TOUCH_WRITE);
		break;
	case EVENT_MASK:
		touch(touches, OBJECT_IRQ, event->actor, TOUCH_WRITE);
		break;
	case EVENT_SEND:
		touch(touches, OBJECT_IRQ, event->to, TOUCH_WRITE);
		break;
	case EVENT_IRQ:
		touch(touches, OBJECT_IRQ, event->actor, TOUCH_WRITE);
		touch(touches, OBJECT_TLB, event->actor, TOUCH_WRITE);
		break;
	case EVENT_EVICT:
		touch(touches, OBJECT_PTE, event->page, TOUCH_READ);
		touch(touches, OBJECT_TLB, event->actor, TOUCH_WRITE);
		break;
	case EVENT_FLUSH:
		touch(touches, OBJECT_TLB, event->actor, TOUCH_WRITE);
		break;
	case EVENT_NONE:
	case EVENT_DESTROY:
	case EVENT_RETURN:
		break;
	}
}

static const Footprint *of_touches(const GArray *touches)
{
	return footprint_new((const Touch *)touches->data, touches->len);
}

const Footprint *footprint_of_pending(const Event *event)
{
	g_autoptr(GArray) touches = g_array_new(FALSE, FALSE, sizeof(Touch));

	add_event(touches, event);
	return of_touches(touches);
}

const Footprint *footprint_of_step(const GArray *events)
{
	g_autoptr(GArray) touches = g_array_new(FALSE, FALSE, sizeof(Touch));
	Event first = g_array_index(events, Event, 0);

	/* A cmpxchg that failed, or a store of what was there, is a read to all others. */
	if (first.kind == EVENT_PTE && first.before[first.page] == first.after[first.page])
		first.access = ACCESS_READ;
	add_event(touches, &first);
	for (guint i = 1; i < events->len; i++)
		add_event(touches, &g_array_index(events, Event, i));
	return of_touches(touches);
}
