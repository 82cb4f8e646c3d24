// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest with every actor parked right before its operation, and what the rig
 * must know of it: who the actors are, what is watched.
 *
 * Owns the machine, the symbols and the drgn process.
 */
#pragma once

#include "event/event.h"
#include "lib/guest-abi.h"
#include "machine/machine.h"
#include "guest/analyst.h"
#include "guest/answers.h"
#include "guest/boot.h"
#include "guest/spec.h"
#include "guest/symbols.h"
#include "subject/watch.h"

typedef struct Guest {
	Machine *machine;
	Symbols *symbols;
	Analyst *analyst;
	Answers *answers;		/* what it has said of ends of schedules */
	const char *subject;	/* of which kind what is watched is; interned */
	struct guest_report report;	/* as it was at the snapshot */
	guint64 report_phys;		/* where it is */
	guint64 control_phys;		/* where guest_control is */
	Watch watch;			/* what of it is watched */
	guint64 lazy_flags[MAX_ACTORS];	/* physical: bytes */
	guint64 irq_queues[MAX_ACTORS][2];	/* physical: heads of what waits for an IPI */
	guint64 run_queues[MAX_ACTORS][2];	/* physical: switches, and tasks that can run */
	guint64 vmemmap, page_size;	/* struct page of frame 0, bytes of one */
	guint64 refcount_offset;	/* of _refcount in it */
	int n_actors, n_pages;
	JsonNode *keep;			/* what drgn wants to know again at the end */
	char *described;		/* SHA-256 of all that it has said of the guest */
} Guest;

/* Boot and park every actor (or load @disk), and save the snapshot. */
Guest *guest_new(const GuestSpec *spec, GCancellable *cancel, GError **error);
void guest_free(Guest *guest);

/*
 * Boot with spec->accel, and let plain loops run for @seconds of guest time on all vCPUs at once.  The
 * guest stands still then, and drgn has looked at it before and can again.
 */
Guest *guest_stress(const GuestSpec *spec, int seconds, LoopsEnd *ret, GCancellable *cancel,
		    GError **error);

/*
 * Ask drgn again where everything is, what the kernel has said and what programs were told:
 * they start from here.
 */
bool guest_look(Guest *guest, GError **error);

/* A snapshot inside the machine.  The one guest_new() makes is GUEST_PARKED. */
extern const char GUEST_PARKED[];
bool guest_save(Guest *guest, const char *tag, GError **error);
bool guest_restore(Guest *guest, const char *tag, GError **error);

/* What says in the word of @lock that it is held; 0: free. */
guint64 guest_lock(const Guest *guest, int lock);

/* The value of guarded word @word. */
guint64 guest_word(const Guest *guest, int word);

/* Bits of the actors whose vCPUs are in lazy TLB mode. */
guint32 guest_lazy(const Guest *guest);

/*
 * What other vCPUs have queued for @actor's, to be served in an interrupt; 0: nothing.
 * Another value means that something was added.
 */
guint64 guest_irq_queue(const Guest *guest, int actor);

/* Another value means that @actor's vCPU has run another task, or has more or fewer to run. */
guint64 guest_scheduled(const Guest *guest, int actor);

/* The raw watched PTEs, now; what is behind the last one is 0. */
void guest_ptes(const Guest *guest, guint64 ret[MAX_PTES]);

/* What the guest has written about @actor by now. */
struct guest_actor guest_actor_report(const Guest *guest, int actor);

/*
 * SHA-256 over every register of every vCPU and all RAM; the caller's.  @anywhere: whoever runs the
 * guest; else one of the same process, which is a hundred times as fast.
 */
char *guest_hash(Guest *guest, bool anywhere, GError **error);

/* The same over the registers, the watched PTEs and the pages they map. */
char *guest_watched_hash(Guest *guest, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guest, guest_free)
