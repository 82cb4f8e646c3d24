// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actors, moved one event at a time.
 *
 * Between two moves every actor stands right before its next event.  A move
 * executes that event and runs the actor up to the one after it; nothing else
 * in the guest runs.  An actor that waits for another (PAUSE, HLT) is blocked
 * until somebody else has moved.
 */
#pragma once

#include "observe/sites.h"

typedef struct Stepper Stepper;

typedef enum {
	ACTOR_READY,		/* before its pending event */
	ACTOR_BLOCKED,
	ACTOR_RETURNED,
	ACTOR_CRASHED,		/* the kernel oopsed or panicked under it */
} ActorState;

typedef enum {
	MOVE_DONE,
	MOVE_NEW_SITE,		/* a site nobody knew: start the schedule again */
} Move;

/* @guest is not owned.  Finds the sites by running each actor alone. */
Stepper *stepper_new(Guest *guest, GError **error);
void stepper_free(Stepper *stepper);

/* Back to the snapshot, and every actor up to its first event. */
bool stepper_begin(Stepper *stepper, Move *ret, GError **error);

/* Bits of the actors that can move. */
unsigned int stepper_enabled(const Stepper *stepper);

/* Execute @actor's pending event; @ret_event is what happened. */
bool stepper_move(Stepper *stepper, int actor, Event *ret_event, Move *ret, GError **error);

ActorState stepper_state(const Stepper *stepper, int actor);
/*
 * What the actors' further doing depends on: the watched PTEs, and every
 * actor's state, general registers and pc.  Two equal keys in one schedule mean
 * that it went round in a circle.  The caller's.
 */
char *stepper_state_key(const Stepper *stepper);

const Sites *stepper_sites(const Stepper *stepper);

/* How a schedule names an event: "cmpxchg apply_range_set_cb+0x4b page0". */
char *stepper_event_label(const Stepper *stepper, const Event *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stepper, stepper_free)
