// SPDX-License-Identifier: GPL-2.0-only
/*
 * One error domain for everything that goes wrong with the rig itself.
 *
 * What the guest does (a panic, a deadlock, a divergence) is a value, never a
 * GError; a broken invariant of our own is g_assert().  Every RIG_ERROR ends
 * as one line on stderr and exit code 2, or 77 for RIG_ERROR_SKIP.
 */
#pragma once

#include <glib.h>

#define RIG_ERROR (rig_error_quark())

typedef enum {
	RIG_ERROR_INPUT,	/* a file or argument the user gave */
	RIG_ERROR_PROTOCOL,	/* the stub, QMP or drgn said something unexpected */
	RIG_ERROR_START,	/* QEMU, libvirt or ssh did not start the guest */
	RIG_ERROR_MACHINE,	/* QEMU or the host refuses */
	RIG_ERROR_LOST,		/* QEMU or drgn died, or stopped answering: another may go on */
	RIG_ERROR_DEADLINE,	/* no stop in time, from a guest that may just be busy */
	RIG_ERROR_SNAPSHOT,	/* what is in the cache cannot be started from */
	RIG_ERROR_GUEST,	/* the guest never became ready */
	RIG_ERROR_BLIND,	/* what the rig relies on was not seen to work */
	RIG_ERROR_ANEW,		/* what was found out makes what was explored before void */
	RIG_ERROR_SKIP,		/* cannot run here, and that is fine */
} RigError;

GQuark rig_error_quark(void);
