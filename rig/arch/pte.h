// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page table entries.  A word of 0 is an empty one.  Frames are page frame numbers.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

bool pte_present(guint64 pte);
guint64 pte_pfn(guint64 pte);

/* All but the frame; and both put together. */
guint64 pte_bits(guint64 pte);
guint64 pte_of(guint64 pfn, guint64 bits);

/* Outlives what flushes all but global pages. */
bool pte_is_global(guint64 pte);

/* Whether a load, or a store, by the kernel or by user space takes no fault. */
bool pte_allows(guint64 pte, bool store, bool user);

/* One that maps @pfn for the kernel alone, to be written; and @value as one that maps nothing. */
guint64 pte_of_kernel(guint64 pfn);
guint64 pte_absent(guint64 value);

/* Physical address of the table that the walk begins in, with @root as Regs.root. */
guint64 pte_root(guint64 root);

/* What is at physical address @phys of a table, or 0 where there is no memory. */
typedef guint64 (*PteReadFunc)(gpointer data, guint64 phys);

/* What @addr is mapped by in the tables of @root (Regs.root), to its last level; 0: by nothing. */
guint64 pte_walk(guint64 root, guint64 addr, PteReadFunc read, gpointer data);

/* "pfn 0x1234 P RW", in the manual's words for the bits; the caller's. */
char *pte_describe(guint64 pte);

static inline bool pte_maps(guint64 pte, guint64 pfn)
{
	return pte_present(pte) && pte_pfn(pte) == pfn;
}
