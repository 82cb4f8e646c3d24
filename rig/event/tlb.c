// SPDX-License-Identifier: GPL-2.0-only
#include "event/tlb.h"

#include <string.h>

static const guint64 PTE_GLOBAL = 1 << 8;

static void take(Tlb *tlb, int actor, int page, guint64 pte)
{
	int n = tlb->n[actor][page];

	if (!pte_present(pte))
		return;
	for (int i = 0; i < n; i++)
		if (tlb->may[actor][page][i].pfn == pte_pfn(pte))
			return;
	if (n == TLB_FRAMES) {
		tlb->full = true;
		return;
	}
	tlb->may[actor][page][n] = (Translation){ pte_pfn(pte), pte, pte & PTE_GLOBAL };
	tlb->n[actor][page]++;
}

static void drop(Tlb *tlb, int actor, int page, bool global)
{
	int kept = 0;

	for (int i = 0; i < tlb->n[actor][page]; i++) {
		Translation translation = tlb->may[actor][page][i];

		if (translation.global && !global)
			tlb->may[actor][page][kept++] = translation;
	}
	tlb->n[actor][page] = kept;
}

static void take_all(Tlb *tlb, const guint64 *ptes)
{
	for (int actor = 0; actor < tlb->n_actors; actor++)
		for (int page = 0; page < tlb->n_pages; page++)
			take(tlb, actor, page, ptes[page]);
}

void tlb_begin(Tlb *tlb, int n_actors, int n_pages, const guint64 *ptes)
{
	memset(tlb->n, 0, sizeof(tlb->n));
	tlb->full = false;
	tlb->n_actors = n_actors;
	tlb->n_pages = n_pages;
	take_all(tlb, ptes);
}

bool tlb_has_room(const Tlb *tlb, const guint64 *ptes)
{
	for (int actor = 0; actor < tlb->n_actors; actor++)
		for (int page = 0; page < tlb->n_pages; page++)
			if (pte_present(ptes[page]) && tlb->n[actor][page] == TLB_FRAMES &&
			    !tlb_may(tlb, actor, page, pte_pfn(ptes[page])))
				return false;
	return true;
}

void tlb_event(Tlb *tlb, const Event *event)
{
	if (event->kind == EVENT_FLUSH)
		for (int page = 0; page < tlb->n_pages; page++)
			if (event->page < 0 || event->page == page)
				drop(tlb, event->actor, page, event->flush != FLUSH_CR3);
	if (event->kind == EVENT_EVICT)
		for (int page = 0; page < tlb->n_pages; page++)
			drop(tlb, event->actor, page, true);
	take_all(tlb, event->after);
}

/* The first one that leads elsewhere; NULL: none. */
static const Translation *find_stale(const Tlb *tlb, int actor, int page, gint64 pfn)
{
	for (int i = 0; i < tlb->n[actor][page]; i++)
		if ((gint64)tlb->may[actor][page][i].pfn != pfn)
			return &tlb->may[actor][page][i];
	return NULL;
}

gint64 tlb_stale(const Tlb *tlb, int actor, int page, gint64 pfn)
{
	const Translation *stale = find_stale(tlb, actor, page, pfn);

	return stale ? (gint64)stale->pfn : -1;
}

guint64 tlb_stale_pte(const Tlb *tlb, int actor, int page, gint64 pfn)
{
	const Translation *stale = find_stale(tlb, actor, page, pfn);

	return stale ? stale->pte : 0;
}

bool tlb_may(const Tlb *tlb, int actor, int page, guint64 pfn)
{
	for (int i = 0; i < tlb->n[actor][page]; i++)
		if (tlb->may[actor][page][i].pfn == pfn)
			return true;
	return false;
}

bool tlb_reaches(const Tlb *tlb, int actor, guint64 pfn)
{
	for (int page = 0; page < tlb->n_pages; page++)
		if (tlb_may(tlb, actor, page, pfn))
			return true;
	return false;
}

void tlb_checksum(const Tlb *tlb, GChecksum *sum)
{
	for (int actor = 0; actor < tlb->n_actors; actor++)
		for (int page = 0; page < tlb->n_pages; page++) {
			guint64 all = 0;

			/* In whatever order they came. */
			for (int i = 0; i < tlb->n[actor][page]; i++)
				all += (tlb->may[actor][page][i].pfn + 1) * 0x9e3779b97f4a7c15;
			g_checksum_update(sum, (const guchar *)&all, sizeof(all));
		}
}
