// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/compare.h"

#include "report/violation-text.h"

static bool has(const HuntResult *result, const Group *wanted)
{
	for (guint i = 0; i < result->groups->len; i++)
		if (group_is_same(g_ptr_array_index(result->groups, i), wanted))
			return true;
	return false;
}

/* Into @in those of @result that @other has, and into @out the rest. */
static void sort(const HuntResult *result, const HuntResult *other, GPtrArray *in, GPtrArray *out)
{
	for (guint i = 0; i < result->groups->len; i++) {
		Group *group = g_ptr_array_index(result->groups, i);
		GPtrArray *list = has(other, group) ? in : out;

		if (list)
			g_ptr_array_add(list, group);
	}
}

HuntComparison *hunt_compare(const HuntResult *before, const HuntResult *after)
{
	HuntComparison *comparison = g_new0(HuntComparison, 1);

	comparison->fresh = g_ptr_array_new();
	comparison->mended = g_ptr_array_new();
	comparison->kept = g_ptr_array_new();
	sort(after, before, comparison->kept, comparison->fresh);
	sort(before, after, NULL, comparison->mended);
	return comparison;
}

void hunt_comparison_free(HuntComparison *comparison)
{
	if (!comparison)
		return;
	g_ptr_array_unref(comparison->fresh);
	g_ptr_array_unref(comparison->mended);
	g_ptr_array_unref(comparison->kept);
	g_free(comparison);
}

static void add_groups(GString *text, const char *words, const GPtrArray *groups)
{
	for (guint i = 0; i < groups->len; i++) {
		const Group *group = g_ptr_array_index(groups, i);
		g_autofree char *sentence = violation_text(&group->hit->violation);

		g_string_append_printf(text, "%-10s %s: %s%s%s%s\n", words, group->hit->violation.invariant,
				       sentence, group->known ? " (docs/findings/" : "",
				       group->known ? group->known : "", group->known ? ".md)" : "");
	}
}

char *hunt_comparison_text(const HuntComparison *comparison, const HuntResult *before,
			   const HuntResult *after)
{
	GString *text = g_string_new(NULL);
	g_autofree char *was = hunt_sentence(before), *is = hunt_sentence(after);

	add_groups(text, "new", comparison->fresh);
	add_groups(text, "mended", comparison->mended);
	add_groups(text, "kept", comparison->kept);
	g_string_append_printf(text, "before     %s\nafter      %s\n", was, is);
	return g_string_free(text, FALSE);
}
