// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the kernel opens a complaint: analysis/helpers/splats.txt, which drgn's check (I10),
 * stress and the pages read alike.
 */
#pragma once

#include <stdbool.h>

/* Whether @line of a kernel log opens a splat. */
bool splat_opens(const char *line);
