// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads, moved one decision at a time.
 *
 * Thread a is actor a; STEPPER_IRQ + a is the interrupts of its vCPU; STEPPER_EVICT + a
 * has its TLB give up what it holds, which can be chosen right before an access that
 * may go through a stale translation.
 * Between two moves every actor stands right before its next event, or waits.  A
 * move executes one event and runs the actor up to the one after it; nothing
 * else in the guest runs.  An actor that waits goes on when it finds, after
 * somebody's move, that it can.
 */
#pragma once

#include "event/tlb.h"
#include "event/violation.h"
#include "observe/stage.h"

enum { STEPPER_IRQ = MAX_ACTORS, STEPPER_EVICT = 2 * MAX_ACTORS };

typedef struct Stepper Stepper;

/* @guest is not owned.  Finds the sites by running each actor alone. */
Stepper *stepper_new(Guest *guest, GError **error);
void stepper_free(Stepper *stepper);

/*
 * Back to the start: every actor before its first event.  @ret_events (of Event)
 * gets what happened on the way.  Here and in the other moves *@ret_again says
 * that a site turned up which nobody knew: start the schedule again.
 */
bool stepper_begin(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error);

/* Bits of the threads that can move. */
guint32 stepper_enabled(const Stepper *stepper);

/* What @thread would do next; false when that is not known. */
bool stepper_pending(const Stepper *stepper, int thread, Event *ret);

/* Carry out @thread's event: the first of @ret_events, then what followed from it. */
bool stepper_move(Stepper *stepper, int thread, GArray *ret_events, bool *ret_again,
		  GError **error);

/*
 * Nobody can move: let guest time pass, timers included, for up to a tenth of a
 * second, until somebody can.
 */
bool stepper_wait(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error);

/* Do not look which frame an access uses: to show that looking changes nothing. */
void stepper_look_away(Stepper *stepper);

ActorState stepper_state(const Stepper *stepper, int actor);
/* Of its vCPU, where it stands. */
const Regs *stepper_regs(const Stepper *stepper, int actor);

/* What @actor, which cannot go on, waits for. */
Wait stepper_wait_of(const Stepper *stepper, int actor);

/*
 * What the actors' further doing depends on: the watched PTEs, what TLBs may hold, the
 * arena lock, interrupts to be served, and every actor's state, general registers and pc
 * (for one that spins, its stack; for one in user space, its own PTE of the page, too).
 * Two equal keys in one schedule mean that it went round in a circle.
 */
char *stepper_state_key(const Stepper *stepper);

const Sites *stepper_sites(const Stepper *stepper);

/* How a schedule names an event: "cmpxchg apply_range_set_cb+0x4b page0". */
char *stepper_event_label(const Stepper *stepper, const Event *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stepper, stepper_free)
