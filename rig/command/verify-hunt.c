// SPDX-License-Identifier: GPL-2.0-only
#include "command/verify-hunt.h"

#include "command/command.h"
#include "command/hunt-kernel.h"
#include "explore/folder.h"
#include "hunt/compare.h"

static KernelHunt *hunt_side(const char *side, const char *kernel, const HuntAbout *about,
			     const HuntOptions *options, GError **error)
{
	g_autofree char *out = folder_path(options->out, side);
	HuntOptions here = *options;

	g_print("== %s: %s\n", side, kernel);
	here.out = out;
	return kernel_hunt(kernel, about_copy(about), &here, error);
}

/* "WORDS: I7, I12", each once. */
static char *naming(const char *words, const GPtrArray *groups)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new();

	for (guint i = 0; i < groups->len; i++) {
		const Group *group = g_ptr_array_index(groups, i);

		if (!g_ptr_array_find(ids, group->hit->violation.invariant, NULL))
			g_ptr_array_add(ids, (char *)group->hit->violation.invariant);
	}
	g_ptr_array_add(ids, NULL);
	g_autofree char *list = g_strjoinv(", ", (char **)ids->pdata);
	return g_strconcat(words, ": ", list, NULL);
}

/* Whether all of @groups are written down. */
static gboolean are_known(const GPtrArray *groups)
{
	for (guint i = 0; i < groups->len; i++)
		if (!((const Group *)g_ptr_array_index(groups, i))->known)
			return FALSE;
	return TRUE;
}

static gboolean is_finished(const HuntResult *result)
{
	return !result->not_begun && !result->how[HUNTED_CUT];
}

static char *conclude(const HuntResult *before, const HuntResult *after,
		      const HuntComparison *comparison, int *code)
{
	*code = EXIT_UNEXPECTED;
	/* Where before is not finished it may have it, too. */
	if (comparison->fresh->len)
		return naming(is_finished(before) ? "violates after what it did not before"
						  : "violates after; before is not finished",
			      comparison->fresh);
	if (before->how[HUNTED_BROKEN] || after->how[HUNTED_BROKEN]) {
		*code = EXIT_BROKEN;
		return g_strdup("the rig could not judge some combinations");
	}
	if (!is_finished(before) || !is_finished(after))
		return g_strdup("not finished; --resume goes on");
	if (!are_known(comparison->kept))
		return naming("fails before and after", comparison->kept);
	*code = EXIT_EXPECTED;
	if (comparison->mended->len)
		return naming("fails before, passes after", comparison->mended);
	return comparison->kept->len
		? naming("passes before and after, with what is known of it", comparison->kept)
		: g_strdup("passes before and after");
}

int verify_by_hunt(const char *before, const char *after, const HuntAbout *about,
		   const HuntOptions *options, char **ret_sentence, char **ret_text, GError **error)
{
	int code;
	g_autoptr(KernelHunt) was = hunt_side("before", before, about, options, error);
	g_autoptr(KernelHunt) is = was ? hunt_side("after", after, about, options, error) : NULL;

	if (!is)
		return EXIT_BROKEN;
	g_autoptr(HuntComparison) comparison = hunt_compare(was->result, is->result);
	*ret_sentence = conclude(was->result, is->result, comparison, &code);
	*ret_text = hunt_comparison_text(comparison, was->result, is->result);
	return code;
}
