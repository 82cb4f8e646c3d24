// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest with every actor parked right before its operation, and what the rig
 * must know of it: who the actors are, where the watched PTEs lie, what their
 * values are called.
 *
 * Owns the machine, the symbols and the drgn process.
 */
#pragma once

#include "lib/guest-abi.h"
#include "machine/machine.h"
#include "observe/analyst.h"
#include "observe/event.h"
#include "observe/symbols.h"

typedef struct {
	guint64 uaddr;		/* user address */
	guint64 kaddr;		/* kernel address of the same page */
	guint64 pte_addr;	/* kernel virtual address of its PTE */
	guint64 pte_phys;	/* guest-physical address of its PTE */
} WatchedPage;

typedef struct {
	Machine *machine;
	Symbols *symbols;
	Analyst *analyst;
	struct guest_report report;	/* as it was at the snapshot */
	WatchedPage pages[MAX_PAGES];
	int n_actors, n_pages;
	gint64 scratch_pfn;		/* -1: this kernel has none */
	gint64 log_seq;			/* newest kernel log record at the snapshot */
} Guest;

typedef struct {
	const char *bzimage, *vmlinux, *module, *module_cpio;
	const char *init, *init_cpio;
	const char *scenario;
	const char *disk;	/* a snapshot to start from, or NULL: boot */
	const char *qmp;	/* keep QEMU's second QMP socket here; NULL: nowhere */
	int vcpus;
} GuestSpec;

/* Boot (or load @disk), park every actor and save the snapshot. */
Guest *guest_new(const GuestSpec *spec, GCancellable *cancel, GError **error);
void guest_free(Guest *guest);

/*
 * Boot, let plain loops run for @seconds of guest time on all vCPUs at once, and
 * return the console; the caller's.
 */
char *guest_stress(const GuestSpec *spec, int seconds, GCancellable *cancel, GError **error);

/* Back to the snapshot. */
bool guest_restore(Guest *guest, GError **error);

/* The raw PTEs of the watched pages, now. */
void guest_ptes(const Guest *guest, guint64 ret[MAX_PAGES]);

/* What the guest has written about @actor by now. */
bool guest_actor_report(Guest *guest, int actor, struct guest_actor *ret, GError **error);

/* SHA-256 over every register of every vCPU and all RAM; the caller's. */
char *guest_hash(Guest *guest, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guest, guest_free)
