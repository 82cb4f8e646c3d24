// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/known.h"

#include <glib/gstdio.h>
#include <string.h>

#include "util/error.h"

static const char GOOD[] =
	"[finding]\ntitle = what is wrong\nkernels = stock;stock-prev\n"
	"[shape 1]\nviolation = I7 stale-access\ninterleaving = A access | B *\n"
	"[shape 2]\nviolation = I12 freed-still-mapped\ninterleaving = *\n";

/* The findings of a folder in which only @text is. */
static GPtrArray *load(const char *text, GError **error)
{
	const char *folder = g_getenv("RACERIG_DATA");
	g_autofree char *findings = g_build_filename(folder, "docs/findings", NULL);
	g_autofree char *path = g_build_filename(findings, "one.finding", NULL);

	g_assert_cmpint(g_mkdir_with_parents(findings, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return known_load(error);
}

static Hit hit_of(const char *invariant, const char *reason, const char *signature)
{
	return (Hit){ .violation = violation_new(g_intern_string(invariant), g_intern_string(reason), 0),
		      .signature = (char *)signature };
}

static bool knows(const GPtrArray *all, const char *name, const char *kind, const Hit *hit)
{
	return known_find(all, name, kind, hit) != NULL;
}

static void test_find(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all = load(GOOD, &error);
	Hit stale = hit_of("I7", "stale-access", "A access | B arena_free_pages/pte");
	Hit other = hit_of("I7", "stale-access", "A arena_free_pages/pte | B access");
	Hit reason = hit_of("I7", "something-else", "A access | B arena_free_pages/pte");
	Hit any = hit_of("I12", "freed-still-mapped", "whatever");

	g_assert_no_error(error);
	g_assert_true(knows(all, "stock", "base", &stale));
	g_assert_true(knows(all, "stock", "base", &any));
	/* What stock has its mutants have, and what is called otherwise has not. */
	g_assert_true(knows(all, "free-no-flush", "mutant", &stale));
	g_assert_true(knows(all, "mine", "own", &stale));
	g_assert_false(knows(all, "thread", "variant", &stale));
	g_assert_false(knows(all, "stock", "base", &other));
	g_assert_false(knows(all, "stock", "base", &reason));
}

static void test_bad(void)
{
	static const struct { const char *text, *expected; } bad[] = {
		{ "[finding]\ntitle = x\n", "kernels" },
		{ "[finding]\ntitle = x\nkernels = stock\nkind = y\n", "one.finding:4" },
		{ "[finding]\ntitle = x\nkernels = stock\n[shape 1]\nviolation = I7 x\n", "interleaving" },
		{ "[finding]\ntitle = x\nkernels = stock\n[form 1]\n", "[form 1]" },
		{ "[finding]\ntitle = x\nkernels = ../stock\n", "../stock" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(load(bad[i].text, &error));
		g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
		g_assert_nonnull(strstr(error->message, bad[i].expected));
	}
}

int main(int argc, char **argv)
{
	g_autofree char *folder = g_dir_make_tmp("test-known-XXXXXX", NULL);

	g_setenv("RACERIG_DATA", folder, TRUE);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/known/find", test_find);
	g_test_add_func("/known/bad", test_bad);
	int failed = g_test_run();
	g_autofree char *file = g_build_filename(folder, "docs/findings/one.finding", NULL);
	g_autofree char *findings = g_path_get_dirname(file), *docs = g_path_get_dirname(findings);
	g_unlink(file);
	g_rmdir(findings);
	g_rmdir(docs);
	g_rmdir(folder);
	return failed;
}
