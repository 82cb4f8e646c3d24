// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/invariant.h"

#include <stdlib.h>
#include <string.h>
#include "util/noise.h"

/* The linker's names for the first row and the end. */
extern const Invariant *const __start_invariants[], *const __stop_invariants[];

static int by_number(const void *a, const void *b)
{
	const Invariant *left = *(const Invariant *const *)a;
	const Invariant *right = *(const Invariant *const *)b;

	return atoi(left->id + 1) - atoi(right->id + 1);
}

const Invariant *const *invariant_list(gsize *n)
{
	static const Invariant **sorted;

	*n = __stop_invariants - __start_invariants;
	/* The order of linking must not decide anything. */
	if (g_once_init_enter(&sorted)) {
		const Invariant **rows = g_memdup2(__start_invariants, *n * sizeof(*rows));

		qsort(rows, *n, sizeof(*rows), by_number);
		g_once_init_leave(&sorted, rows);
	}
	return sorted;
}

const Invariant *invariant_find(const char *id)
{
	gsize n;
	const Invariant *const *rows = invariant_list(&n);

	for (gsize i = 0; i < n; i++)
		if (g_strcmp0(rows[i]->id, id) == 0)
			return rows[i];
	return NULL;
}

bool invariant_exists(const char *id)
{
	return invariant_find(id) != NULL;
}

const char *invariant_statement(const char *id)
{
	const Invariant *invariant = invariant_find(id);

	return invariant ? noise_constant(invariant->statement) : "";
}

const InvariantReason *invariant_reason(const char *id, const char *token)
{
	const Invariant *invariant = invariant_find(id);

	for (const InvariantReason *reason = invariant ? invariant->reasons : NULL;
	     reason && reason->token; reason++)
		if (g_strcmp0(reason->token, token) == 0)
			return reason;
	return NULL;
}

bool invariant_excuse_exists(const char *token)
{
	gsize n;
	const Invariant *const *rows = invariant_list(&n);

	for (gsize i = 0; i < n; i++)
		for (const InvariantException *one = rows[i]->exceptions; one && one->token; one++)
			if (one->by_kernel && g_strcmp0(one->token, token) == 0)
				return true;
	return false;
}

const char *invariant_checked(const Invariant *invariant)
{
	return !invariant->event ? "end of a schedule"
	       : invariant->at_end ? "every event, end of a schedule" : "every event";
}
