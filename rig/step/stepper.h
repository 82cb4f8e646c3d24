// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads (event/thread.h), moved one decision at a time.
 *
 * Between two moves every actor stands right before its next event, or waits.  A
 * move executes one event and runs the actor up to the one after it; nothing
 * else in the guest runs.  An actor that waits goes on when it finds, after
 * somebody's move, that it can.
 */
#pragma once

#include "event/thread.h"
#include "event/tlb.h"
#include "event/violation.h"
#include "step/control-record.h"
#include "step/setup.h"
#include "step/vcpus.h"

typedef struct Stepper Stepper;

typedef struct {
	const Setup *setup;	/* run first; or NULL */
	const Failures *failures;	/* what may fail; or NULL */
	int n_failures;		/* … so often in a schedule at most */
	KeptAs kept;		/* what is found out of the guest */
} StepperOptions;

/*
 * @guest is not owned, nor is what @options name.  Runs the setup: that is where schedules start.
 * Finds the sites by running each actor alone; before that, and if @controls is not NULL, shows
 * that what it watches is reported, or that this was shown before, and says there what was.
 */
Stepper *stepper_new(Guest *guest, const StepperOptions *options, Controls *controls,
		     GError **error);
void stepper_free(Stepper *stepper);

/*
 * The same after a setup with the same operations, with other programs.  What was found out about the
 * ones before is forgotten, but for the places of sites; what was controlled is so still.
 */
bool stepper_program(Stepper *stepper, const Setup *setup, GError **error);

/*
 * Back to the start: every actor before its first event.  @ret_events (of Event)
 * gets what happened on the way.  Here and in the other moves *@ret_again says
 * that a site turned up which nobody knew: start the schedule again.
 */
bool stepper_begin(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error);

/* The threads that can move. */
ThreadSet stepper_enabled(const Stepper *stepper);

/* Nobody can go on, and somebody could only give up the lock that it waits for. */
bool stepper_is_stuck(const Stepper *stepper);

/* What @thread would do next; false when that is not known. */
bool stepper_pending(const Stepper *stepper, int thread, Event *ret);

/* Carry out @thread's event: the first of @ret_events, then what followed from it. */
bool stepper_move(Stepper *stepper, int thread, GArray *ret_events, bool *ret_again,
		  GError **error);

/*
 * The same, but where it is that move that has all stand at their sync (*@ret_at_sync) nobody goes on
 * from there before stepper_pass_sync().
 */
bool stepper_move_to_sync(Stepper *stepper, int thread, GArray *ret_events, bool *ret_at_sync,
			  bool *ret_again, GError **error);
bool stepper_pass_sync(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error);

/*
 * Nobody can move: let guest time pass, timers included, for up to a tenth of a
 * second, until somebody can.
 */
bool stepper_wait(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error);

/* Do not look which frame an access uses: to show that looking changes nothing. */
void stepper_skip_probe(Stepper *stepper);

/* From now on count in @survey (of SurveyItem) what is no event; NULL: no more.  Not owned. */
bool stepper_survey(Stepper *stepper, GArray *survey, GError **error);

ActorState stepper_state(const Stepper *stepper, int actor);
/* Of its vCPU, where it stands. */
const Regs *stepper_regs(const Stepper *stepper, int actor);

/* What @actor, which cannot go on, waits for. */
Wait stepper_wait_of(const Stepper *stepper, int actor);

/*
 * What the actors' further doing depends on: the watched PTEs, what TLBs may hold, the
 * locks and the words that they guard, interrupts to be served, and every actor's state,
 * general registers and pc (for one that spins, its stack; for one in user space, its own
 * PTE of the page, too).
 * Two equal keys in one schedule mean that it went round in a cycle.
 */
char *stepper_state_key(const Stepper *stepper);

/* What was ever seen of interrupts; each makes more of what happens a decision. */
typedef enum {
	IRQS_NONE,
	IRQS_SENT,		/* from one vCPU to another: when they are masked matters */
	IRQS_EVENTS,		/* one did more than flush: its place among other steps matters, too */
} Irqs;

Irqs stepper_irqs(const Stepper *stepper);

/* So much was seen elsewhere. */
void stepper_expect_irqs(Stepper *stepper, Irqs irqs);

/* Whether @actor ever stood before a decision; one that never did was not watched at all. */
bool stepper_has_decided(const Stepper *stepper, int actor);

/* Names of hooks that this kernel lacks and may lack; the caller's. */
char **stepper_absent_hooks(const Stepper *stepper);

const Sites *stepper_sites(const Stepper *stepper);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stepper, stepper_free)
