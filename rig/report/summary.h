// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table for the terminal: the grids, then whatever is not as expected.
 */
#pragma once

#include "report/table.h"

/* @out: the suite's folder, for replay commands.  The caller's. */
char *summary_text(const Table *table, const char *out);
