// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/dependence.h"

#include "catalog/invariant.h"
#include "catalog/verb.h"
#include "util/lose.h"

static const struct {
	guint32 reads;
	ObjectKind kind;
} READ_OBJECTS[] = {
	{ READS_PTE, OBJECT_PTE }, { READS_TLB, OBJECT_TLB }, { READS_DATA, OBJECT_DATA },
	{ READS_OWNER, OBJECT_OWNER }, { READS_ALLOCATOR, OBJECT_ALLOCATOR },
	{ READS_EMPTIED, OBJECT_EMPTIED },
};

/* Where a pending access may go; fields are NULL where nobody knows. */
typedef struct {
	const guint64 *ptes;
	const Tlb *tlb;
} Reach;

static void touch(GArray *touches, ObjectKind kind, int index, TouchLevel level)
{
	Touch one = { object_of(kind, index), level };

	g_array_append_val(touches, one);
}

/* What the invariants read that judge @event. */
static guint32 judged_reads(const Event *event)
{
	gsize n;
	const Invariant *const *invariants = invariant_list(&n);
	guint32 reads = 0;

	/* A PTE that stays as it is makes no invariant false. */
	if (lose("judged") || (event->kind == EVENT_PTE && event->access == ACCESS_READ))
		return 0;
	for (gsize i = 0; i < n; i++)
		if (invariants[i]->judges & EVENT_BIT(event->kind))
			reads |= invariants[i]->reads;
	if (event->kind != EVENT_ACCESS)
		return reads;
	/* Of what it reaches, which is in its footprint. */
	reads &= ~(guint32)READS_DATA;
	/* A fault is explained by a PTE that was emptied; by one that is not watched nothing is judged. */
	if (!event->faulted)
		reads &= ~(guint32)READS_EMPTIED;
	return event_slot(event) >= 0 ? reads : reads & ~(guint32)READS_OWNER;
}

static void add_reads(GArray *touches, guint32 reads, int page, int actor)
{
	for (gsize i = 0; i < G_N_ELEMENTS(READ_OBJECTS); i++) {
		ObjectKind kind = READ_OBJECTS[i].kind;
		int index = kind == OBJECT_PTE || kind == OBJECT_OWNER ? page
			    : kind == OBJECT_TLB ? actor : kind == OBJECT_DATA ? (int)OBJECT_EACH : 0;

		if (reads & READ_OBJECTS[i].reads)
			touch(touches, kind, index, TOUCH_READ);
	}
}

static void add_frame(GArray *touches, const Event *event, guint64 pfn)
{
	touch(touches, OBJECT_DATA, (int)MIN(pfn, OBJECT_EACH),
	      event->access == ACCESS_READ ? TOUCH_READ : TOUCH_WRITE);
}

/* Through its PTE, or through what its vCPU holds of it: nothing, if it is to fault. */
static void add_reached(GArray *touches, const Event *event, const Reach *reach)
{
	int slot = event_slot(event);

	if (slot < 0 || !reach->tlb) {
		add_frame(touches, event, OBJECT_EACH);
		return;
	}
	if (pte_present(reach->ptes[slot]))
		add_frame(touches, event, pte_pfn(reach->ptes[slot]));
	for (int i = 0; i < reach->tlb->n[event->actor][slot]; i++)
		add_frame(touches, event, pte_pfn(reach->tlb->may[event->actor][slot][i]));
}

/* @reach: of one that is still to come; NULL: it went where @event says. */
static void add_data(GArray *touches, const Event *event, const Reach *reach)
{
	if (reach)
		add_reached(touches, event, reach);
	else if (!event->faulted)
		add_frame(touches, event, event->landed ? event->landed : OBJECT_EACH);
}

static void add_access(GArray *touches, const Event *event, const Reach *reach)
{
	int slot = event_slot(event);

	/*
	 * The walk reads the PTE, if the TLB does not know the page yet, and fills the TLB.  It may
	 * leave A and D there, which PTEs of the kernel always have.
	 */
	if (slot >= 0)
		touch(touches, OBJECT_PTE, slot,
		      event->view && (event->access != ACCESS_READ ||
				      event->before[slot] != event->after[slot])
		      ? TOUCH_WRITE : TOUCH_READ);
	add_data(touches, event, reach);
	touch(touches, OBJECT_TLB, event->actor, TOUCH_WRITE);
	if (slot >= 0)
		return;
	/* Page tables that nobody watches: whoever zaps them flushes then, here or elsewhere. */
	touch(touches, OBJECT_PTE, event->page, TOUCH_READ);
	touch(touches, OBJECT_USER, 0, TOUCH_WRITE);
	/* A fault may need a table. */
	if (event->faulted)
		touch(touches, OBJECT_ALLOCATOR, 0, TOUCH_WRITE);
}

/* A PTE that is emptied or changed gives up a reference to what it mapped, which others count. */
static void add_pte(GArray *touches, const Event *event)
{
	bool reads = event->access == ACCESS_READ;

	touch(touches, OBJECT_PTE, event_slot(event), reads ? TOUCH_READ : TOUCH_WRITE);
	if (!reads)
		touch(touches, OBJECT_REFS, event->page, TOUCH_WRITE);
}

/* What an event does, whoever judges it; @reach: as in add_data(). */
static void add_event(GArray *touches, const Event *event, const Reach *reach)
{
	switch (event->kind) {
	case EVENT_PTE:
		add_pte(touches, event);
		break;
	case EVENT_WORD:
		if (event->beside)
			break;
		touch(touches, OBJECT_WORD, event->word,
		      event->access == ACCESS_READ ? TOUCH_READ : TOUCH_WRITE);
		/* What the lock's holder does to it is no event: this comes before all of that or after. */
		if (event->lock >= 0)
			touch(touches, OBJECT_LOCK, event->lock, TOUCH_ACQUIRE);
		break;
	case EVENT_ACCESS:
		add_access(touches, event, reach);
		break;
	case EVENT_LOCK:
		touch(touches, OBJECT_LOCK, event->lock, TOUCH_ACQUIRE);
		/* Who has the lock may allocate, which is no event. */
		if (event->guards)
			touch(touches, OBJECT_ALLOCATOR, 0, TOUCH_WRITE);
		break;
	case EVENT_UNLOCK:
		touch(touches, OBJECT_LOCK, event->lock, TOUCH_WRITE);
		break;
	case EVENT_FREE:
		touch(touches, OBJECT_DATA, OBJECT_EACH, TOUCH_WRITE);
		if (!lose("judged"))
			touch(touches, OBJECT_ALLOCATOR, 0, TOUCH_WRITE);
		break;
	case EVENT_MASK:
		touch(touches, OBJECT_IRQ, event->actor, TOUCH_WRITE);
		break;
	case EVENT_SEND:
		touch(touches, OBJECT_IRQ, event->to, TOUCH_WRITE);
		touch(touches, OBJECT_USER, 0, TOUCH_READ);
		break;
	case EVENT_IRQ:
		touch(touches, OBJECT_IRQ, event->actor, TOUCH_WRITE);
		touch(touches, OBJECT_TLB, event->actor, TOUCH_WRITE);
		break;
	case EVENT_EVICT:
		/* What is present may be held again at once. */
		touch(touches, OBJECT_TLB, event->actor, TOUCH_WRITE);
		touch(touches, OBJECT_PTE, OBJECT_EACH, TOUCH_READ);
		break;
	case EVENT_FLUSH:
		touch(touches, OBJECT_TLB, event->actor, TOUCH_WRITE);
		touch(touches, OBJECT_PTE, event->page < 0 || event_slot(event) < 0
		      ? (int)OBJECT_EACH : event_slot(event), TOUCH_READ);
		touch(touches, OBJECT_USER, 0, TOUCH_READ);
		break;
	case EVENT_DESTROY:
		/* It goes through all PTEs, unwatched. */
		touch(touches, OBJECT_PTE, OBJECT_EACH, TOUCH_WRITE);
		touch(touches, OBJECT_OWNER, OBJECT_EACH, TOUCH_WRITE);
		touch(touches, OBJECT_TLB, OBJECT_EACH, TOUCH_WRITE);
		touch(touches, OBJECT_DATA, OBJECT_EACH, TOUCH_WRITE);
		touch(touches, OBJECT_ALLOCATOR, 0, TOUCH_WRITE);
		touch(touches, OBJECT_EMPTIED, 0, TOUCH_WRITE);
		break;
	case EVENT_CALL:
		/* It takes what is on top of the allocator's lists; a slab may need a page, too. */
		touch(touches, OBJECT_ALLOCATOR, 0, TOUCH_WRITE);
		break;
	case EVENT_FAIL:
		touch(touches, OBJECT_FAILURES, 0, TOUCH_WRITE);
		if (event->gives_up)
			touch(touches, OBJECT_LOCK, event->lock, TOUCH_READ);
		/* What it leaves behind is what is there now. */
		if (event->leaves)
			touch(touches, OBJECT_PTE, OBJECT_EACH, TOUCH_READ);
		break;
	case EVENT_NONE:
	case EVENT_HOLD:
	case EVENT_RETURN:
		break;
	}
}

static void add_judged(GArray *touches, const Event *event)
{
	bool any = event->kind == EVENT_FREE;

	/* Which pages a return is about only a Dependence knows. */
	if (event->kind != EVENT_RETURN)
		add_reads(touches, judged_reads(event), any ? (int)OBJECT_EACH : event->page,
			  any ? (int)OBJECT_EACH : event->actor);
}

/*
 * The program is told of the pages it was given: from here on they are its own.  Those that it
 * freed are nobody's, in processes as in the kernel.
 */
static void add_return(Dependence *dependence, GArray *touches, const Event *event)
{
	bool *installed = dependence->installed[event->actor];
	bool *taken = dependence->taken[event->actor];

	/* Now nobody may hold what was unmapped before it. */
	if (event->result == VERB_PURGED) {
		touch(touches, OBJECT_TLB, OBJECT_EACH, TOUCH_READ);
		touch(touches, OBJECT_PTE, OBJECT_EACH, TOUCH_READ);
	}
	for (int page = 0; page < dependence->n_pages; page++) {
		if (installed[page])
			touch(touches, OBJECT_OWNER, page, TOUCH_WRITE);
		if (installed[page] || taken[page])
			add_reads(touches, judged_reads(event), page, event->actor);
		for (int i = 0; i < dependence->n_more && taken[page]; i++)
			if (dependence->more[i] == page)
				touch(touches, OBJECT_PTE, dependence->n_pages + i, TOUCH_READ);
		installed[page] = taken[page] = false;
	}
}

static void note_ptes(Dependence *dependence, GArray *touches, const Event *event)
{
	for (int page = 0; page < dependence->n_pages; page++) {
		guint64 before = event->before[page], after = event->after[page];

		if (before != 0 && after == 0)
			touch(touches, OBJECT_EMPTIED, 0, TOUCH_WRITE);
		if (pte_present(before) && after == 0)
			dependence->taken[event->actor][page] = true;
		if (before != after && pte_present(after) &&
		    (gint64)pte_pfn(after) != dependence->scratch[page])
			dependence->installed[event->actor][page] = true;
	}
}

/* The event as it was: a cmpxchg that failed, or a store of what was there, is a read to others. */
static Event as_it_was(const Event *event)
{
	Event ret = *event;

	if ((event->kind == EVENT_PTE &&
	     event->before[event_slot(event)] == event->after[event_slot(event)]) ||
	    (event->kind == EVENT_WORD && event->kept))
		ret.access = ACCESS_READ;
	return ret;
}

static const Footprint *of_touches(const GArray *touches)
{
	return footprint_new((const Touch *)touches->data, touches->len);
}

const Footprint *footprint_of_pending(const Event *event, const guint64 *ptes, const Tlb *tlb)
{
	g_autoptr(GArray) touches = g_array_new(FALSE, FALSE, sizeof(Touch));
	const Reach reach = { ptes, tlb };
	Event will = *event;

	if (event->opaque)
		return footprint_everything();
	if (event->half == HALF_LOAD)
		will.access = ACCESS_READ;
	add_event(touches, &will, &reach);
	add_judged(touches, &will);
	return of_touches(touches);
}

const Footprint *footprint_of_step(Dependence *dependence, const GArray *events)
{
	g_autoptr(GArray) touches = g_array_new(FALSE, FALSE, sizeof(Touch));
	bool opaque = events->len && g_array_index(events, Event, 0).opaque;

	for (guint i = 0; i < events->len; i++) {
		Event event = as_it_was(&g_array_index(events, Event, i));

		add_event(touches, &event, NULL);
		add_judged(touches, &event);
		note_ptes(dependence, touches, &event);
		if (event.kind == EVENT_RETURN)
			add_return(dependence, touches, &event);
	}
	return opaque ? footprint_everything() : of_touches(touches);
}
