// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/invariant.h"

#include <string.h>

static const char EVENT[] = "every event", END[] = "end of a schedule",
		  BOTH[] = "every event, end of a schedule";

static const Invariant invariants[] = {
	{ "I1", "a PTE that maps an allocated page never becomes the scratch page", BOTH },
	{ "I2", "an allocated address maps exactly the page handed out, until its free", BOTH },
	{ "I3", "the scratch page is never freed while the arena lives, and once at its end", BOTH },
	{ "I4", "outside the lock, range tree and PTEs agree; what is free can be allocated", END },
	{ "I5", "a recoverable kernel fault makes progress: no oops, no endless retry", EVENT },
	{ "I6", "a page is given back only when no PTE maps it and no TLB may hold it", EVENT },
	{ "I7", "an access to an allocated address reaches the page handed out", EVENT },
	{ "I8", "the scratch page reads as zeroes, and user space never sees it", BOTH },
	{ "I9", "pages counted, mapped, handed out and given back are the same ones", BOTH },
	{ "I10", "the kernel log holds no splat", END },
	{ "I11", "a kernel fault is reported once, with address and direction", END },
};

const Invariant *invariant_list(gsize *n)
{
	*n = G_N_ELEMENTS(invariants);
	return invariants;
}

bool invariant_exists(const char *id)
{
	for (gsize i = 0; i < G_N_ELEMENTS(invariants); i++)
		if (strcmp(invariants[i].id, id) == 0)
			return true;
	return false;
}

const char *invariant_statement(const char *id)
{
	for (gsize i = 0; i < G_N_ELEMENTS(invariants); i++)
		if (strcmp(invariants[i].id, id) == 0)
			return invariants[i].statement;
	return "";
}
