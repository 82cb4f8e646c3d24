// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instructions known to touch something watched, and those where vCPUs wait
 * or drop translations: found in the guest, not listed by hand.
 */
#pragma once

#include "arch/insn.h"
#include "guest/guest.h"

typedef enum {
	SITE_PTE,
	SITE_ACCESS,		/* a watched page */
	SITE_LOCK,		/* takes a lock */
	SITE_WORD,		/* a word that a lock guards */
	SITE_MASK,		/* takes interrupts no more, before one of these */
	SITE_WAIT,		/* where a vCPU waits */
	SITE_FLUSH,		/* drops translations */
	SITE_CALL,		/* calls what may fail; the breakpoint is at that */
	SITE_KINDS,
} SiteKind;

typedef struct {
	SiteKind kind;
	Insn insn;
	guint32 actors;		/* bits: who has been seen there */
	guint relearned;	/* times an access there came as a surprise again */
	guint passed;		/* stops there for nothing since sites_unmute() */
	bool muted;		/* its breakpoint is out until then … */
	bool kept;		/* … and never is again */
	char *where;		/* "apply_range_set_cb+0x4b"; NULL for WAIT and FLUSH */
	char *line;		/* "kernel/bpf/arena.c:160", or NULL */
} Site;

typedef struct Sites Sites;

/*
 * @guest is not owned.  Breaks on all flushes, and on those waits for a frozen vCPU that may end
 * without it.  Those that cannot are armed later, when a vCPU hangs: QEMU runs every page with a
 * breakpoint one instruction at a time, and goes through all breakpoints each time
 * (check_for_breakpoints_slow()).  Most other waits are for hardware.
 */
Sites *sites_new(Guest *guest, GError **error);
void sites_free(Sites *sites);

/* Decode the instruction at @pc, as the guest's memory has it. */
bool sites_decode_at(Sites *sites, int vcpu, guint64 pc, Insn *ret, GError **error);

/* Decode the one that ends at @next_pc. */
bool sites_decode_before(Sites *sites, int vcpu, guint64 next_pc, Insn *ret, GError **error);

/*
 * Remember @insn, and break on it from now on, and also on what masks interrupts before it in its function,
 * since an interrupt may still come before that and not after.  RIG_ERROR_BLIND: it was
 * learned before, again and again, and its breakpoint is passed.
 */
bool sites_learn(Sites *sites, const Insn *insn, SiteKind kind, GError **error);

/*
 * Remember the @length bytes of @code as sites_learn() has left them before: with the mask, and what symbols
 * say of it.  RIG_ERROR_LOST: that is no such instruction.
 */
bool sites_add(Sites *sites, guint64 pc, const guint8 *code, int length, SiteKind kind, const char *where,
	       const char *line, GError **error);

/* Remember the call at @pc. */
bool sites_learn_call(Sites *sites, int vcpu, guint64 pc, GError **error);

/* As if it had never been learned. */
bool sites_forget(Sites *sites, guint64 pc, GError **error);

/*
 * A vCPU hangs around @pc: break on the waits of that function, too, or on all that are still
 * to be armed; how many; -1: an error.
 */
int sites_arm_waits(Sites *sites, guint64 pc, GError **error);

/*
 * Whether a function begins at @pc whose waits are armed once a vCPU comes there; and arm them: what
 * was run up to there is to be run again.
 */
bool sites_is_gate(const Sites *sites, guint64 pc);
bool sites_open_gate(Sites *sites, guint64 pc, GError **error);
bool sites_open_gates(Sites *sites, GError **error);

/* Whether waits for a frozen vCPU are still to be armed; and arm them all. */
bool sites_has_later(const Sites *sites);
int sites_arm_later(Sites *sites, GError **error);

/*
 * A stop at @site, if it is one on a PTE or a word, was for nothing; after many such its breakpoint is
 * taken out until sites_unmute().  Whoever does that relies on watchpoints to see what is missed, and
 * then says that it was at @pc: false, if no muted site is there.
 */
bool sites_pass(Sites *sites, const Site *site, GError **error);
bool sites_unmute(Sites *sites, GError **error);
bool sites_has_muted(const Sites *sites);
bool sites_keep(Sites *sites, guint64 pc);

/* How many breakpoints were armed since sites_new(), without those that were forgotten again. */
int sites_armed(const Sites *sites);

/* Break on the instructions that are known to touch PTEs, or no more. */
bool sites_arm_ptes(Sites *sites, bool arm, GError **error);

const Site *sites_find(const Sites *sites, guint64 pc);
void sites_note_actor(Sites *sites, const Site *site, int actor);

/* "a PTE" */
const char *site_kind_name(SiteKind kind);

/* Those on PTEs, pages and the lock, by address; the caller frees the array. */
GPtrArray *sites_list(const Sites *sites);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sites, sites_free)
