// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which order of two events each group hangs on: its smallest schedule is run with every order turned
 * round (explore/explain.h), on a guest.
 */
#pragma once

#include "hunt/result.h"

/*
 * Fill in what each group of @result is to blame on.  Where it cannot be found out the group says so; an
 * error is an interrupt, or a kernel or an emulator that is none.
 */
bool hunt_blame(HuntResult *result, const HunterOptions *options, GError **error);
