/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Actors that run what the rig has written into guest_control.programs: the guest of a shape
 * has no scenario of its own, and serves any text.
 */
#pragma once

#include "guest.h"

/* The guest that @shape asks for; it lives for ever. */
const struct scenario *text_scenario(const struct guest_shape *shape);

/* The calling process is that one now: what its actors hold is its own. */
void text_enter_process(const struct guest_shape *shape, uint32_t process);

/* One operation of the calling actor, the word of it: what it returned, or a negative errno. */
int64_t text_operation(uint64_t word);

/* One before the race: told of nobody but for what is reserved, and named for all. */
int64_t text_setup(uint64_t word);

/* All of guest_control.setup, without a look at the results. */
void text_setup_all(void);
