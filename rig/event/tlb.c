// SPDX-License-Identifier: GPL-2.0-only
#include "event/tlb.h"

#include <string.h>

static void take(Tlb *tlb, int actor, int slot, guint64 pte)
{
	int n = tlb->n[actor][slot];

	if (!pte_present(pte))
		return;
	for (int i = 0; i < n; i++)
		if (pte_pfn(tlb->may[actor][slot][i]) == pte_pfn(pte))
			return;
	if (n == TLB_FRAMES) {
		tlb->full = true;
		return;
	}
	tlb->may[actor][slot][n] = pte;
	tlb->n[actor][slot]++;
}

static void drop(Tlb *tlb, int actor, int slot, bool global)
{
	int kept = 0;

	for (int i = 0; i < tlb->n[actor][slot]; i++) {
		guint64 pte = tlb->may[actor][slot][i];

		if (pte_is_global(pte) && !global)
			tlb->may[actor][slot][kept++] = pte;
	}
	tlb->n[actor][slot] = kept;
}

static bool walks(const Tlb *tlb, int actor, int slot)
{
	int view = tlb->tables.views[slot];

	return !view || tlb->tables.roots[actor] == view;
}

static void take_all(Tlb *tlb, const guint64 *ptes)
{
	for (int actor = 0; actor < tlb->n_actors; actor++)
		for (int slot = 0; slot < tlb->n_ptes; slot++)
			if (walks(tlb, actor, slot))
				take(tlb, actor, slot, ptes[slot]);
}

void tlb_begin(Tlb *tlb, int n_actors, int n_ptes, const guint64 *ptes, const TlbTables *tables)
{
	memset(tlb->n, 0, sizeof(tlb->n));
	tlb->full = false;
	tlb->n_actors = n_actors;
	tlb->n_ptes = n_ptes;
	tlb->tables = tables ? *tables : (TlbTables){ { 0 }, { 0 } };
	take_all(tlb, ptes);
}

bool tlb_has_room(const Tlb *tlb, const guint64 *ptes)
{
	for (int actor = 0; actor < tlb->n_actors; actor++)
		for (int slot = 0; slot < tlb->n_ptes; slot++)
			if (pte_present(ptes[slot]) && walks(tlb, actor, slot) &&
			    tlb->n[actor][slot] == TLB_FRAMES &&
			    !tlb_may(tlb, actor, slot, pte_pfn(ptes[slot])))
				return false;
	return true;
}

void tlb_event(Tlb *tlb, const Event *event)
{
	if (event->kind == EVENT_FLUSH)
		for (int slot = 0; slot < tlb->n_ptes; slot++)
			if (event->page < 0 || event_slot(event) == slot)
				drop(tlb, event->actor, slot, event->flush != FLUSH_BUT_GLOBAL);
	if (event->kind == EVENT_FLUSH && event->root != ROOT_UNKNOWN)
		tlb->tables.roots[event->actor] = event->root;
	if (event->kind == EVENT_EVICT)
		for (int slot = 0; slot < tlb->n_ptes; slot++)
			drop(tlb, event->actor, slot, true);
	take_all(tlb, event->after);
}

guint64 tlb_stale_pte(const Tlb *tlb, int actor, int slot, gint64 pfn)
{
	for (int i = 0; i < tlb->n[actor][slot]; i++)
		if ((gint64)pte_pfn(tlb->may[actor][slot][i]) != pfn)
			return tlb->may[actor][slot][i];
	return 0;
}

gint64 tlb_stale(const Tlb *tlb, int actor, int slot, gint64 pfn)
{
	guint64 stale = tlb_stale_pte(tlb, actor, slot, pfn);

	return stale ? (gint64)pte_pfn(stale) : -1;
}

bool tlb_may(const Tlb *tlb, int actor, int slot, guint64 pfn)
{
	for (int i = 0; i < tlb->n[actor][slot]; i++)
		if (pte_pfn(tlb->may[actor][slot][i]) == pfn)
			return true;
	return false;
}

bool tlb_reaches(const Tlb *tlb, int actor, int n, guint64 pfn)
{
	for (int slot = 0; slot < n; slot++)
		if (tlb_may(tlb, actor, slot, pfn))
			return true;
	return false;
}

void tlb_checksum(const Tlb *tlb, GChecksum *sum)
{
	for (int actor = 0; actor < tlb->n_actors; actor++)
		for (int slot = 0; slot < tlb->n_ptes; slot++) {
			guint64 all = 0;

			/* In whatever order they came. */
			for (int i = 0; i < tlb->n[actor][slot]; i++)
				all += (pte_pfn(tlb->may[actor][slot][i]) + 1) * 0x9e3779b97f4a7c15;
			g_checksum_update(sum, (const guchar *)&all, sizeof(all));
		}
}
