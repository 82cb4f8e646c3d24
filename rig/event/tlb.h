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

/* In whose tables the PTEs are, and whose the vCPUs walk. */
typedef struct {
	int views[MAX_PTES];	/* 0: the kernel's, which all walk; from 1: a process's */
	int roots[MAX_ACTORS];	/* a process's view, or ROOT_KERNEL */
} TlbTables;

typedef struct {
	int n_actors, n_ptes;
	TlbTables tables;	/* roots: as they are now */
	/* PTEs, raw, as they were when the vCPU could first walk them; no two of one frame */
	guint64 may[MAX_ACTORS][MAX_PTES][TLB_FRAMES];
	int n[MAX_ACTORS][MAX_PTES];
	bool full;		/* there were more than fit: what it says is not all of it */
} Tlb;

/*
 * All that @ptes let the vCPUs hold, and nothing else.  @tables: NULL: all are the kernel's.  A vCPU that
 * loads another root walks other tables than before, and no more those of the process that it was in.
 */
void tlb_begin(Tlb *tlb, int n_actors, int n_ptes, const guint64 *ptes, const TlbTables *tables);
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
