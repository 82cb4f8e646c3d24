// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel mappings of the vmalloc area.  What is watched of them analysis/helpers/subjects/vmap.py
 * says; all that its invariants need the events tell.
 */
#include "subject/subject.h"

static void add_facts(JsonObject *request, const struct Check *check, const struct Guest *guest,
		      int oopser)
{
	(void)request;
	(void)check;
	(void)guest;
	(void)oopser;
}

static const Subject vmap = {
	.name = "vmap",
	.add_facts = add_facts,
};
SUBJECT(vmap);
