// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest under full control: one vCPU runs at a time, from stop to stop.
 *
 * Owns the guest, its sockets, its RAM (mapped on both sides) and its snapshot disk:
 * nothing is left on disk, and the guest dies with the rig however the rig dies.
 * Who runs QEMU is the backend's business (machine/backend.h).  vCPUs count from 0.  Every verb that can wait
 * has a deadline; errors are RIG_ERROR_MACHINE, RIG_ERROR_PROTOCOL, RIG_ERROR_LOST when QEMU died, and
 * RIG_ERROR_DEADLINE when it does not answer any more.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

#include "arch/regs.h"
#include "machine/images.h"
#include "machine/spec.h"
#include "machine/stop.h"

typedef struct Machine Machine;

enum {
	/* From stop to stop takes milliseconds; a vCPU that takes longer is interrupted. */
	MACHINE_RUN_SECONDS = 10,
};

typedef enum { WATCH_WRITE = 2, WATCH_READ = 3, WATCH_ACCESS = 4 } WatchKind;

/* Where the time went so far, in microseconds. */
typedef struct {
	gint64 restore;
	gint64 run;		/* the guest ran, from the request to the stop */
	gint64 ask;		/* registers, memory, breakpoints */
	/* And how often: */
	guint64 stops;		/* the guest ran and stopped */
	guint64 packets;	/* were sent to the stub, … */
	guint64 writes;		/* … in so many writes, each of which wakes QEMU */
} MachineTimes;

/* Of @now less @before, where there is one, added to @sum. */
void machine_times_add(MachineTimes *sum, const MachineTimes *now, const MachineTimes *before);

Machine *machine_new(const MachineSpec *spec, GCancellable *cancel, GError **error);
void machine_free(Machine *machine);

MachineTimes machine_times(const Machine *machine);

/* Whether QEMU, after an error of whatever kind, still answers. */
bool machine_answers(Machine *machine);

/* "7.2.22", of the QEMU that runs. */
const char *machine_qemu_version(const Machine *machine);

/*
 * A snapshot that is whole on the disk, to be kept in a file and loaded by another
 * machine.  It replaces the one of that tag.  What cannot be loaded is RIG_ERROR_SNAPSHOT; a
 * file comes with its sum (util/sum.h).
 */
bool machine_save_whole(Machine *machine, const char *tag, GError **error);
bool machine_load_whole(Machine *machine, const char *tag, GError **error);
bool machine_export_disk(Machine *machine, const char *path, GError **error);

/*
 * A snapshot for as long as the machine lives, quick to go back to: QEMU keeps the
 * devices, we keep the RAM and put back the pages that differ.
 */
bool machine_save(Machine *machine, const char *tag, GError **error);
bool machine_restore(Machine *machine, const char *tag, GError **error);

/* How long from stop to stop, where that is no matter of milliseconds. */
void machine_allow(Machine *machine, int seconds);

/* Let all vCPUs run (boot only: not deterministic), or exactly one. */
bool machine_run_all(Machine *machine, int seconds, Stop *ret, GError **error);
bool machine_run(Machine *machine, int vcpu, Stop *ret, GError **error);

/* Part of a snapshot. */
bool machine_hold_interrupts(Machine *machine, int vcpu, HoldInterrupts hold, GError **error);

/* Empty @vcpu's TLB; the guest cannot tell. */
bool machine_flush_tlb(Machine *machine, int vcpu, GError **error);

/* One instruction, interrupts and timers masked; a fault it takes counts. */
bool machine_step(Machine *machine, int vcpu, Stop *ret, GError **error);

/*
 * The instruction at @pc, where @vcpu stands at a breakpoint, if it is sure to touch
 * something watched: a step that does is reported twice, and the second time QEMU forgets
 * all it has translated (gdb_vm_state_change()).  Interrupts must be held.
 */
bool machine_step_watched(Machine *machine, int vcpu, guint64 pc, Stop *ret, GError **error);

/*
 * The gdbstub's connection, for a debugger to take over; when that asks for the reason of
 * the stop, QEMU takes our breakpoints out.  -1: failed.  Ours to close; nothing but
 * machine_free() may be called afterwards.
 */
int machine_hand_over(Machine *machine, GError **error);

/* Under KVM four at most: a software one would take memory that is mapped already. */
bool machine_break(Machine *machine, guint64 addr, bool insert, GError **error);
bool machine_is_break(const Machine *machine, guint64 addr);
bool machine_watch(Machine *machine, guint64 addr, gsize len, WatchKind kind, bool insert,
		   GError **error);

bool machine_regs(Machine *machine, int vcpu, Regs *ret, GError **error);

bool machine_set(Machine *machine, int vcpu, RegWrite write, GError **error);

/* Every register the stub knows, as hex; for hashing. */
char *machine_regs_text(Machine *machine, int vcpu, GError **error);

/* Through @vcpu's page tables, never its TLB. */
bool machine_read(Machine *machine, int vcpu, guint64 addr, void *buffer, gsize len,
		  GError **error);
bool machine_word(Machine *machine, int vcpu, RegPlace place, guint64 *ret, GError **error);

/*
 * Guest-physical memory, while the guest is stopped.  Beyond its RAM is RIG_ERROR_GUEST, and
 * where a verb cannot fail, zeroes and nothing; the next one that can then does.
 */
bool machine_has_phys(const Machine *machine, guint64 phys, gsize len);
bool machine_phys_read(Machine *machine, guint64 phys, void *buffer, gsize len, GError **error);
guint64 machine_phys64(Machine *machine, guint64 phys);
void machine_phys64_set(Machine *machine, guint64 phys, guint64 value);

/* All of it, valid until the guest runs; the machine's. */
const guint8 *machine_ram(Machine *machine, GError **error);
gsize machine_ram_bytes(const Machine *machine);

/* The file of it, for others to map; the machine's.  -1: it is remote. */
int machine_ram_fd(const Machine *machine);

/*
 * Add all of it to @sum: as what is kept as @tag and the pages that differ from that, where we keep
 * it, since hashing those takes a hundredth of the time; NULL: as it is.  Equal sums are equal memory.
 */
bool machine_hash_ram(Machine *machine, const char *tag, GChecksum *sum, GError **error);

/*
 * Remember its contents, quickly where @tag, which is saved, has most of them; and call @func with
 * each page of TRACK_PAGE bytes that differs now.  @tag may not be saved anew in between.
 */
Mark *machine_mark(Machine *machine, const char *tag, GError **error);
bool machine_since(Machine *machine, const Mark *mark, MarkFunc func, gpointer data, GError **error);

/* The guest's memory is on another host: nobody here can map it. */
bool machine_is_remote(const Machine *machine);

/*
 * What the guest wrote to its serial console, without the middle where that is more than 2 MiB;
 * the caller frees it.
 */
char *machine_console(Machine *machine);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Machine, machine_free)
