// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which translations each vCPU may hold, for every watched PTE: those of the kernel's
 * addresses, by page, and behind them those of processes.
 *
 * The architecture lets a processor walk the page tables whenever it likes and
 * keep what it finds until told otherwise (Intel SDM vol. 3, 4.10.2.3 and 4.10.4.2):
 * while a PTE is present every vCPU may take its frame, and it goes only with an
 * invalidation on that vCPU.  An invalidation while the PTE is present lets the
 * vCPU take the same frame again.
 */
#pragma once

#include "event/event.h"

enum { TLB_FRAMES = 16 };

typedef struct {
	int n_actors, n_ptes;
	guint32 walkers[MAX_PTES];	/* bits of actors: whose vCPUs walk the tables it is in */
	/* PTEs, raw, as they were when the vCPU could first walk them; no two of one frame */
	guint64 may[MAX_ACTORS][MAX_PTES][TLB_FRAMES];
	int n[MAX_ACTORS][MAX_PTES];
	bool full;		/* there were more than fit: what it says is not all of it */
} Tlb;

/*
 * All that @ptes let the vCPUs hold, and nothing else.  @walkers, of each PTE bits of actors: the
 * vCPUs that may walk it (NULL: all), since a process's tables are not walked by others'.
 */
void tlb_begin(Tlb *tlb, int n_actors, int n_ptes, const guint64 *ptes, const guint32 *walkers);
void tlb_event(Tlb *tlb, const Event *event);

/* Whether it can take in @ptes; of what the rig has recorded always, of a stranger's file not. */
bool tlb_has_room(const Tlb *tlb, const guint64 *ptes);

/* A frame other than @pfn that @actor's vCPU may use for the address of PTE @slot; -1: none. */
gint64 tlb_stale(const Tlb *tlb, int actor, int slot, gint64 pfn);

/* The PTE that led to that frame; 0: there is none such. */
guint64 tlb_stale_pte(const Tlb *tlb, int actor, int slot, gint64 pfn);

/* Whether @actor's vCPU may hold frame @pfn for that address. */
bool tlb_may(const Tlb *tlb, int actor, int slot, guint64 pfn);

/* Add all of it to @sum. */
void tlb_checksum(const Tlb *tlb, GChecksum *sum);

/* Whether @actor's vCPU may reach frame @pfn by any of the first @n PTEs. */
bool tlb_reaches(const Tlb *tlb, int actor, int n, guint64 pfn);
