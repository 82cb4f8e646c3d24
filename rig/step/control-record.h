// SPDX-License-Identifier: GPL-2.0-only
/*
 * Controls that have passed, kept (util/kept.h): what the guest does in them depends on its snapshot, on the
 * emulator and on the rig, and so does what is reported.  All three are in the key.
 *
 * None is kept where controls have changed how the rig goes on: with a record it goes on as without.
 */
#pragma once

#include "step/control.h"

/* control_all(), or what it said before of the same. */
bool control_once(Vcpus *vcpus, const KeptAs *as, Controls *ret, GError **error);
