// SPDX-License-Identifier: GPL-2.0-only
/*
 * One scenario on one kernel, ready to run schedules: everything that is
 * started once and used for each of them.
 */
#pragma once

#include "catalog/kernel.h"
#include "catalog/scenario.h"
#include "check/check.h"
#include "explore/cycle.h"
#include "explore/syncs.h"
#include "step/stepper.h"
#include "report/trace.h"
#include "schedule/dependence.h"
#include "schedule/follow.h"
#include "subject/subject.h"

/* Where a guest runs, and who else looks at it; the caller's. */
typedef struct {
	const char *connect;	/* the libvirt that runs it; NULL: QEMU is our child */
	const char *qmp;	/* QEMU's second QMP socket is kept there; NULL: nowhere */
	const MachineCode *code;	/* what QEMU notes of what runs, or NULL; kept by reference */
} SessionPlace;

typedef struct {
	Kernel *kernel;
	Scenario *scenario;
	const Subject *subject;	/* of the scenario */
	char *connect;		/* libvirt URI, or NULL */
	GCancellable *cancel;
	char *qmp;		/* as in SessionPlace, like the next */
	const MachineCode *code;
	char *snapshot;		/* names everything that made the guest, by hash */
	char *snapshot_sum;	/* of its contents, which no second boot has */
	char *emulator;		/* backend_emulator_identity() */
	bool anew;		/* controls are run, even where they have passed before */
	Guest *guest;
	Stepper *stepper;	/* NULL until session_prepare() */
	Trace *trace;
	Check *check;
	Irqs irqs;		/* stepper_irqs() when the exploration began */
	int n_failures;		/* calls that may fail in a schedule */
	Failures failures;	/* … and which those are, where there may be one */
	Controls controls;	/* what was seen to be reported, before the first schedule */
	Cycle cycle;		/* of the plan at hand */
	Dependence dependence;	/* of the schedule at hand */
	GArray *registers;	/* of Regs, before each step; NULL: nobody wants them; not owned */
	Syncs *syncs;		/* a schedule ends where another was; NULL: none does; not owned */
	Follow *follow;		/* chooses in place of the plan; NULL: the plan does; not owned */
	gint64 run_usec, drgn_usec;	/* spent so far: in all, and of that in drgn */
	MachineTimes spent;	/* by guests that are no more */
	guint64 absent;		/* bits of verb: those that the kernel turned out to have nothing for */
	int lost;		/* guests in a row, in the place at hand */
	int restarts;		/* of QEMU and drgn, without the guest's fault */
} Session;

/*
 * Find both, and have a parked guest: from the snapshot cache, or by a boot.  @connect:
 * the libvirt that runs it, or NULL.
 */
Session *session_new(const char *scenario, const char *kernel, const char *connect,
		     GCancellable *cancel, GError **error);

/* The same for @scenario and the build @kernel, of which the session takes the caller's references. */
Session *session_new_of(Scenario *scenario, Kernel *kernel, const SessionPlace *place,
			GCancellable *cancel, GError **error);

/* What may fail, or NULL: else nothing of it shows anywhere. */
static inline const Failures *session_failures(const Session *session)
{
	return session->n_failures ? &session->failures : NULL;
}

/* Learn the sites, so that schedules can be run; Session.n_failures must be set by now. */
bool session_prepare(Session *session, GError **error);

/*
 * The same guest for @scenario, a text of the same shape and with the same setup; takes the caller's
 * reference, whatever comes of it.  Controls are not run again.
 */
bool session_program(Session *session, Scenario *scenario, GError **error);

/* How often QEMU or drgn may die, or stop answering, in one and the same place. */
enum { SESSION_MAX_LOST = 3 };

/*
 * After @cause, which this takes: if it was that QEMU or drgn died or stopped answering,
 * another guest is started from the same snapshot and what was to be done can be done again;
 * else it is @error.  @lost counts, from 0, for one place.
 */
bool session_recover(Session *session, int *lost, GError *cause, GError **error);

/* Over all its guests. */
MachineTimes session_times(const Session *session);

void session_free(Session *session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)
