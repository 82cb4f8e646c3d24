// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table as KTAP, version 1 (Documentation/dev-tools/ktap.rst): a test a kernel, a
 * subtest a scenario.
 */
#pragma once

#include "report/table.h"

char *ktap_text(const Table *table);
