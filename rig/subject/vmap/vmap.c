// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel mappings of the vmalloc area.  What is watched of them analysis/helpers/subjects/vmap.py
 * says; all that its invariants need the events tell.
 */
#include "subject/subject.h"

static const Subject vmap = {
	.name = "vmap",
};
SUBJECT(vmap);
