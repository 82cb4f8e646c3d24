// SPDX-License-Identifier: GPL-2.0-only
#include "check/check-record.h"

static GArray *new_list(void)
{
	return g_array_new(FALSE, FALSE, sizeof(Violation));
}

void recheck_free(Recheck *recheck)
{
	if (!recheck)
		return;
	g_array_unref(recheck->found);
	g_array_unref(recheck->missing);
	g_free(recheck);
}

/* With the names of the record's frames, as the record has its own. */
static void take(Recheck *recheck, const Record *record, const GArray *violations)
{
	for (guint i = 0; i < violations->len; i++) {
		Violation found = g_array_index(violations, Violation, i);

		if (found.pfn >= 0)
			found.frame = record_frame(record, found.pfn);
		g_array_append_val(recheck->found, found);
	}
}

static bool is_same(const Violation *a, const Violation *b)
{
	g_autofree char *one = violation_format(a), *other = violation_format(b);

	return g_strcmp0(one, other) == 0;
}

static bool is_in(const GArray *all, const Violation *wanted)
{
	for (guint i = 0; i < all->len; i++)
		if (is_same(&g_array_index(all, Violation, i), wanted))
			return true;
	return false;
}

static void compare(Recheck *recheck, const Record *record)
{
	for (guint i = 0; i < record->found->len; i++) {
		const Violation *recorded = record_violation(record, i);

		if (!is_in(recheck->found, recorded))
			g_array_append_val(recheck->missing, *recorded);
	}
	for (guint i = 0; i < recheck->found->len; i++)
		recheck->unrecorded +=
			!is_in(record->found, &g_array_index(recheck->found, Violation, i));
}

Recheck *check_record(const Record *record)
{
	Recheck *recheck = g_new0(Recheck, 1);
	g_autoptr(Check) check = check_new(&record->header);

	recheck->found = new_list();
	recheck->missing = new_list();
	check_begin(check, record->header.ptes);
	for (guint i = 0; i < record->events->len; i++)
		check_event(check, &record_event(record, i)->event);
	check_end(check, record->end);
	recheck->unexplained = check->unexplained;
	recheck->partial = record->end->how == ENDED_DONE && !end_is_quiet(record->end);
	take(recheck, record, check->violations);
	take(recheck, record, check->documented);
	compare(recheck, record);
	return recheck;
}

static bool violates(const GArray *all)
{
	for (guint i = 0; i < all->len; i++)
		if (!g_array_index(all, Violation, i).documented)
			return true;
	return false;
}

bool recheck_violates(const Recheck *recheck)
{
	return violates(recheck->found) || violates(recheck->missing);
}
