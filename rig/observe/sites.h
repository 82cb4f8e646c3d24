// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instructions known to touch a watched PTE or arena page, and where
 * vCPUs wait: found in the guest, not listed by hand.
 */
#pragma once

#include "observe/guest.h"

typedef struct {
	Insn insn;
	bool pte;		/* seen on a PTE; else on an arena page */
	char *where;		/* "apply_range_set_cb+0x4b" */
	char *line;		/* "kernel/bpf/arena.c:160", or NULL */
} Site;

typedef struct Sites Sites;

Sites *sites_new(Guest *guest);
void sites_free(Sites *sites);

/* Break on every PAUSE and HLT of the kernel. */
bool sites_break_on_waits(Sites *sites, GError **error);

/* Remember the instruction that ends at @next_pc, and break on it from now on. */
bool sites_learn(Sites *sites, int vcpu, guint64 next_pc, bool pte, GError **error);

const Site *sites_find(const Sites *sites, guint64 pc);
bool sites_is_wait(const Sites *sites, guint64 pc);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sites, sites_free)
