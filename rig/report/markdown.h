// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table as Markdown, as the job summaries of CI services show it.
 */
#pragma once

#include "report/compare.h"

/* @comparison: NULL when there is none. */
char *markdown_text(const Table *table, const Comparison *comparison);
