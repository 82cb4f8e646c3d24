// SPDX-License-Identifier: GPL-2.0-only
/*
 * Positive controls: before the first schedule the guest touches, from every actor's vCPU,
 * each thing that the rig watches, and the rig has to hear of it: once, at the right
 * address, with the right value.  What it does not hear of it would report as clean.
 *
 * The guest is at GUEST_PARKED before and, whatever the result, to be restored after.
 */
#pragma once

#include "step/vcpus.h"

typedef enum {
	CONTROL_PTE_LOAD,
	CONTROL_PTE_STORE,
	CONTROL_KERNEL_LOAD,	/* of a watched page, by its kernel address */
	CONTROL_KERNEL_STORE,
	CONTROL_USER_LOAD,	/* by its user address */
	CONTROL_USER_STORE,
	CONTROL_SITE,		/* a breakpoint right before an access, with its address */
	CONTROL_STAMP,		/* which frame the access used */
	CONTROL_LOCK,		/* a store to a lock's word */
	CONTROL_WORD_LOAD,	/* of a word that a lock guards */
	CONTROL_WORD_STORE,
	CONTROL_FREE,		/* a page given to the allocator */
	CONTROL_FREE_LIST,	/* a list of them */
	CONTROL_FLUSH,		/* a TLB flush instruction */
	CONTROL_IRQ_HELD,	/* an interrupt from another vCPU is not taken when held … */
	CONTROL_IRQ_SERVED,	/* … and is when let in */
	CONTROL_INSIDE,		/* an access inside an interrupt is an event of it */
	CONTROL_KINDS
} ControlKind;

/* How often each was seen to work; 0: nothing of that kind is relied on here. */
typedef struct {
	guint seen[CONTROL_KINDS];
} Controls;

/* "PTE load" */
const char *control_name(ControlKind kind);

/* RIG_ERROR_BLIND when something is not reported as it should be. */
bool control_all(Vcpus *vcpus, Controls *ret, GError **error);

/* The same of words only, from this one on: what another program has watched, and the one before had not. */
bool control_words(Vcpus *vcpus, int from, GError **error);

/*
 * One operation before the race, a word of lib/verbs.h, by @actor, which parks again; nobody
 * else runs but for the interrupts that it waits for.  *@ret: what it returned.
 */
bool control_operation(Vcpus *vcpus, int actor, guint64 word, gint64 *ret, GError **error);
