// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/result.h"

#include <string.h>

static const char *const how_texts[HUNTED_KINDS] = {
	[HUNTED_COMPLETE] = "explored to the end",
	[HUNTED_BOUNDED] = "within a bound",
	[HUNTED_CUT] = "cut by the limit of schedules",
	[HUNTED_ABSENT] = "with operations that this kernel has not",
	[HUNTED_BROKEN] = "not judged",
};

void hunt_result_free(HuntResult *result)
{
	if (!result)
		return;
	g_clear_pointer(&result->groups, g_ptr_array_unref);
	g_clear_pointer(&result->known, g_ptr_array_unref);
	g_strfreev(result->gone);
	cover_free(result->cover);
	g_free(result);
}

static const Group *group_at(const HuntResult *result, guint i)
{
	return g_ptr_array_index(result->groups, i);
}

static void count(HuntResult *result)
{
	const Hunt *hunt = result->hunt;

	result->all = hunt->hunted->len;
	for (guint i = 0; i < hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(hunt->hunted, i);

		if (!hunted) {
			result->not_begun += hunt_is_mine(hunt, i);
			result->elsewhere += !hunt_is_mine(hunt, i);
			continue;
		}
		result->how[hunted->how]++;
		if (hunted->how == HUNTED_BOUNDED)
			result->bounded[hunted->bound]++;
		result->executed += hunted->executed;
	}
	for (guint i = 0; i < result->groups->len; i++)
		result->fresh += group_at(result, i)->known == NULL;
}

bool hunt_is_complete(const HuntResult *result)
{
	return !result->not_begun && !result->how[HUNTED_CUT] && !result->how[HUNTED_BROKEN] &&
	       !result->how[HUNTED_BOUNDED];
}

HuntResult *hunt_result_new(const Hunt *hunt, GError **error)
{
	g_autoptr(GPtrArray) known = known_load(error);

	if (!known)
		return NULL;
	HuntResult *result = g_new0(HuntResult, 1);
	result->hunt = hunt;
	result->known = g_steal_pointer(&known);
	result->groups = groups_new(hunt, result->known);
	/* Where only a part was asked for nothing is missing. */
	result->gone = hunt->whole && hunt->about->shards == 1
		       ? groups_gone(result->groups, hunt, result->known) : g_new0(char *, 1);
	count(result);
	result->verdict = result->fresh ? "new"
			  : result->not_begun || result->how[HUNTED_CUT] || result->how[HUNTED_BROKEN]
			  ? "inconclusive"
			  : result->groups->len ? "known" : "clean";
	return result;
}

bool hunt_result_cover(HuntResult *result, const Kernel *kernel, GError **error)
{
	if (result->hunt->about->coverage)
		result->cover = cover_new(kernel, result->hunt->ran, error);
	return result->cover || !result->hunt->about->coverage;
}

/* 7695 as "7,695"; into @text. */
static void add_number(GString *text, guint64 n)
{
	g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, n);
	gsize len = strlen(digits);

	for (gsize i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			g_string_append_c(text, ',');
		g_string_append_c(text, digits[i]);
	}
}

/* The families there are, in order. */
static GPtrArray *families_of(const Hunt *hunt)
{
	GPtrArray *families = g_ptr_array_new();

	for (guint i = 0; i < hunt->combinations->len; i++) {
		const char *family =
			((const Combination *)g_ptr_array_index(hunt->combinations, i))->family;

		if (!families->len || g_ptr_array_index(families, families->len - 1) != family)
			g_ptr_array_add(families, (char *)family);
	}
	return families;
}

/* " (300 of two preemptions, 8 of one, 2 of none)" */
static void add_bounds(GString *text, const HuntResult *result)
{
	static const char *const bounds[] = { "none", "one", "two" };
	bool first = true;

	g_string_append(text, " (");
	for (int bound = HUNTED_MAX_BOUND; bound >= 0; bound--) {
		if (!result->bounded[bound])
			continue;
		g_string_append(text, first ? "" : ", ");
		add_number(text, result->bounded[bound]);
		g_string_append_printf(text, " of %s%s", bounds[bound],
				       !first ? "" : bound == 1 ? " preemption" : " preemptions");
		first = false;
	}
	g_string_append_c(text, ')');
}

char *hunt_sentence(const HuntResult *result)
{
	GString *text = g_string_new("all ");
	const Hunt *hunt = result->hunt;
	g_autoptr(GPtrArray) families = families_of(hunt);
	bool is_whole = hunt_is_complete(result) && !result->elsewhere;

	for (guint i = 0; i < families->len; i++) {
		const char *family = g_ptr_array_index(families, i);

		g_string_append_printf(text, "%s%s (%s)", i ? " and " : "", family, family_text(family));
	}
	g_string_append_printf(text, " of %u verb%s from %u setup%s, ", hunt->extent.verbs,
			       hunt->extent.verbs == 1 ? "" : "s", hunt->extent.setups,
			       hunt->extent.setups == 1 ? "" : "s");
	if (hunt->about->failures)
		g_string_append_printf(text, "at most %d failure%s: ", hunt->about->failures,
				       hunt->about->failures == 1 ? "" : "s");
	else
		g_string_append(text, "no failure: ");
	add_number(text, result->all);
	g_string_append(text, " combinations");
	for (int how = 0; how < HUNTED_KINDS; how++) {
		if (!result->how[how] && (how == HUNTED_ABSENT || how == HUNTED_BROKEN))
			continue;
		g_string_append(text, ", ");
		add_number(text, result->how[how]);
		g_string_append_printf(text, " %s", how_texts[how]);
		if (how == HUNTED_BOUNDED && result->how[how])
			add_bounds(text, result);
	}
	g_string_append(text, ", ");
	if (result->elsewhere) {
		add_number(text, result->elsewhere);
		g_string_append_printf(text, " not of shard %d/%d, ", hunt->about->shard,
				       hunt->about->shards);
	}
	add_number(text, result->not_begun);
	g_string_append_printf(text, " not begun%s", is_whole ? ": complete" : "");
	return g_string_free(text, FALSE);
}

char *hunt_stem(const HuntResult *result, guint i)
{
	return g_strdup_printf("%02u-%s", i + 1, group_at(result, i)->hit->violation.invariant);
}

char *hunt_mail(const HuntResult *result, const Combination *combination)
{
	const HuntAbout *about = result->hunt->about;
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "racerig explore --kernel %s --pages %d", about->kernel,
			       combination->pages);
	if (about->failures)
		g_string_append_printf(text, " --failures %d", about->failures);
	if (*combination->setup)
		g_string_append_printf(text, " \\\n\t--setup '%s'", combination->setup);
	g_string_append_printf(text, " \\\n\t--actors '%s'", combination->actors);
	return g_string_free(text, FALSE);
}
