// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/schedule/outcome.c */
/* A line of a journal that is accepted is written and read back as it was. */
#include "schedule/outcome.h"

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(Outcome) outcome = outcome_parse(text);

	if (!outcome)
		return 0;
	fuzz_taken();
	g_autofree char *once = outcome_format(outcome);
	g_autoptr(Outcome) back = outcome_parse(once);
	g_assert_nonnull(back);
	g_autofree char *again = outcome_format(back);
	g_assert_cmpstr(once, ==, again);
	g_assert_true(!outcome->violates || outcome_violates(outcome, outcome->violates));
	g_assert_true(!outcome->found->len || (outcome->schedule && outcome->trace));
	return 0;
}
