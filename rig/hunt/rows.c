// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/result.h"

#include <string.h>

/* All combinations of a family from a setup: the row so far. */
typedef struct {
	TableRow *row;
	const Combination *first;
	GPtrArray *invariants;	/* interned; of groups that nobody has written down */
	GString *log;		/* those groups */
	bool finished;
} Row;

static void end_row(Row *row)
{
	if (!row->row)
		return;
	bool fresh = row->invariants->len > 0;

	g_ptr_array_add(row->invariants, NULL);
	g_strfreev(row->row->invariants);
	row->row->invariants = g_strdupv((char **)row->invariants->pdata);
	row->row->complete = row->finished;
	row->row->as_expected = row->finished && !fresh;
	row->row->verdict = g_strdup(fresh ? "violation" : row->finished ? "clean" : "inconclusive");
	row->row->log = row->log->len ? g_strdup(row->log->str) : NULL;
	g_ptr_array_unref(row->invariants);
	g_string_free(row->log, TRUE);
	row->row = NULL;
}

static void begin_row(Row *row, Table *table, const HuntResult *result, const Combination *combination)
{
	end_row(row);
	*row = (Row){ .row = table_add(table), .first = combination, .finished = true,
		      .invariants = g_ptr_array_new(), .log = g_string_new(NULL) };
	row->row->scenario = *combination->setup
		? g_strdup_printf("%s after '%s'", combination->family, combination->setup)
		: g_strdup_printf("%s from the start", combination->family);
	row->row->kernel = g_strdup(result->hunt->about->kernel);
	row->row->kind = g_strdup(result->hunt->about->kind);
	row->row->expected = g_strdup("nothing that is not known");
}

static void add_hit(Row *row, const HuntResult *result, const Hit *hit, const Combination *combination)
{
	const Group *group = groups_find(result->groups, result->hunt, result->known, hit);

	if (group->known)
		return;
	if (!g_ptr_array_find(row->invariants, hit->violation.invariant, NULL))
		g_ptr_array_add(row->invariants, (char *)hit->violation.invariant);
	g_autofree char *mail = hunt_mail(result, combination);
	g_string_append_printf(row->log, "%s\n", mail);
}

Table *hunt_table(const HuntResult *result)
{
	const Hunt *hunt = result->hunt;
	Table *table = table_new();
	Row row = { 0 };

	table->partial = result->elsewhere > 0;
	for (guint i = 0; i < hunt->combinations->len; i++) {
		const Combination *combination = g_ptr_array_index(hunt->combinations, i);
		const Hunted *hunted = g_ptr_array_index(hunt->hunted, i);

		if (!row.row || strcmp(row.first->setup, combination->setup) != 0 ||
		    row.first->family != combination->family)
			begin_row(&row, table, result, combination);
		if (!hunted) {
			row.finished &= !hunt_is_mine(hunt, i);
			continue;
		}
		row.row->executed += hunted->executed;
		row.finished &= hunted->how == HUNTED_COMPLETE || hunted->how == HUNTED_ABSENT ||
				hunted->how == HUNTED_BOUNDED;
		for (guint j = 0; j < hunted->hits->len; j++)
			add_hit(&row, result, g_ptr_array_index(hunted->hits, j), combination);
	}
	end_row(&row);
	return table;
}
