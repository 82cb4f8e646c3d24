/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kfuncs that map a page in the vmalloc area, by number: page N is an address of vCPU N's.
 */
#pragma once

#include <linux/types.h>

/* On that vCPU: the address that its next mapping of one page gets; 0: there is none. */
u64 racerig_vmap_learn(u64 page, u64 ram);

/* A new page, whose first word is how often that was: 1 at that address, 0 elsewhere, or an errno. */
u64 racerig_vmap_map(u64 page, u64 ram);

/* Its end, and the page's: 0, or an errno.  The flush is left to the purge. */
u64 racerig_vmap_unmap(u64 page, u64 ram);

void racerig_vmap_purge(void);

/* By that address, whoever is there: the word or 0, or -EFAULT. */
u64 racerig_vmap_read(u64 page);
u64 racerig_vmap_write(u64 page, u64 value);
