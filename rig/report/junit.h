// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table as JUnit XML, in the dialect that CI services read: a test suite a kernel, a test
 * case a scenario.  tests/junit.xsd is its schema.
 */
#pragma once

#include "report/table.h"

/* @times: with the seconds that each took, so that no two runs give the same. */
char *junit_text(const Table *table, bool times);
