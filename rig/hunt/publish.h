// SPDX-License-Identifier: GPL-2.0-only
/*
 * The folder that a hunt leaves: hunt.json, hunt.txt, hunt.ktap, junit.xml, report.html, and
 * schedules/NN-Ix.sched of each group; with --coverage coverage.json and coverage.html.
 */
#pragma once

#include "hunt/result.h"

/* Into @out, which is there. */
bool hunt_publish(const HuntResult *result, const char *out, GError **error);
