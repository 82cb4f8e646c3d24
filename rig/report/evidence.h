// SPDX-License-Identifier: GPL-2.0-only
/*
 * evidence.txt: what a reviewer is sent.  Plain text, 72 columns, one block that says
 * what happened, where, how to see it again and what it does not show.
 */
#pragma once

#include "report/run-data.h"

/* The caller's. */
char *evidence_text(const RunData *data);
