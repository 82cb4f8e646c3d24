// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was seen of actors that ran alone, by what they run: after one setup an actor that runs the same
 * program again, alone, does the same again.
 */
#pragma once

#include "step/setup.h"

typedef struct {
	bool decided;		/* it stood before a decision */
	bool interrupts, irq_events;	/* as in Vcpus */
} Alone;

typedef struct Alones Alones;

Alones *alones_new(void);
void alones_free(Alones *alones);

/* Of @actor's program in @setup; NULL: nobody has seen it.  Valid until the next note. */
const Alone *alones_find(const Alones *alones, const Setup *setup, int actor);
void alones_note(Alones *alones, const Setup *setup, int actor, Alone seen);
