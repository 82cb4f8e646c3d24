// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sites that all actors come to, each alone and all one after another, kept (util/kept.h) by what makes
 * them: guest, emulator, rig, setup, programs.  Each that is found in a guest has its schedule begun anew.
 *
 * They are a hint and no more: what is done alone is done again, with the watchpoints that found them, and
 * has to come to the same.
 */
#pragma once

#include "step/setup.h"
#include "util/kept.h"

/* Of nothing, where @as->identity is NULL.  @setup: the programs are there; NULL: a scenario's own. */
Kept learned_init(const Vcpus *vcpus, const KeptAs *as, const Setup *setup);

/* Know them from the start.  *@ret is the text to be come to, the caller's; NULL: there is none. */
bool learned_take(Vcpus *vcpus, const Kept *kept, char **ret, GError **error);

/*
 * After it was learnt what there is: keep that, or see that it is @expected, which learned_take() gave.
 * Where it is not, RIG_ERROR_LOST: another guest has to begin without.
 */
bool learned_end(const Vcpus *vcpus, const Kept *kept, const char *expected, GError **error);
