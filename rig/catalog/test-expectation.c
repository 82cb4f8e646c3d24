// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/expectation.h"

#include "catalog/expect-text.h"

#include <string.h>

static const char KEYS[] = "[expect]\n"
			   "stock = documented\n"
			   "both = I6;I7\n"
			   "scratch-plain-store = I1\n";

static const struct {
	const char *expect, *kernel, *kind, *breaks, *text;
	const char *verdict, *violated;
	bool met;
} cases[] = {
	{ KEYS, "stock", "stock", NULL, "documented", "documented", "", true },
	{ KEYS, "stock", "stock", NULL, "documented", "clean", "", false },
	{ KEYS, "stock", "stock", NULL, "documented", "inconclusive", "", false },
	{ KEYS, "stock", "stock", NULL, "documented", "violation", "I7", false },
	{ KEYS, "both", "variant", NULL, "I6;I7", "violation", "I7 I6", true },
	{ KEYS, "both", "variant", NULL, "I6;I7", "violation", "I7", false },
	{ KEYS, "both", "variant", NULL, "I6;I7", "violation", "I6 I7 I1", false },
	{ KEYS, "both", "variant", NULL, "I6;I7", "clean", "", false },
	{ KEYS, "unnamed", "variant", NULL, "at most documented", "clean", "", true },
	{ KEYS, "unnamed", "variant", NULL, "at most documented", "documented", "", true },
	{ KEYS, "unnamed", "variant", NULL, "at most documented", "violation", "I7", false },
	{ "[expect]\nstock = I7\n", "unnamed", "variant", NULL, "at most documented", "violation", "I7",
	  false },
	{ "[expect]\nstock = clean\n", "unnamed", "variant", NULL, "clean", "documented", "", false },
	{ "[expect]\nstock = clean\n", "unnamed", "stock", NULL, "clean", "clean", "", true },
	/* A mutant may break more than is named, not something else. */
	{ KEYS, "scratch-plain-store", "mutant", "I1", "I1", "violation", "I1 I4", true },
	{ KEYS, "scratch-plain-store", "mutant", "I1", "I1", "violation", "I4", false },
	{ KEYS, "scratch-plain-store", "mutant", "I1", "I1", "clean", "", false },
	{ KEYS, "unnamed", "mutant", "I1", "I1?", "documented", "", true },
	{ KEYS, "unnamed", "mutant", "I1", "I1?", "violation", "I1 I2", true },
	{ KEYS, "unnamed", "mutant", "I1", "I1?", "violation", "I2", false },
	{ KEYS, "unnamed", "mutant", "I1", "I1?", "inconclusive", "", false },
	{ "[expect]\nstock = I7\n", "unnamed", "mutant", "I1", "I1?", "violation", "I7", true },
	{ "[expect]\nstock = I7\n", "unnamed", "mutant", "I1", "I1?", "violation", "I7 I2", false },
	/* One's own kernel: like stock, or better. */
	{ KEYS, "mine", "own", NULL, "at most documented", "clean", "", true },
	{ KEYS, "mine", "own", NULL, "at most documented", "documented", "", true },
	{ KEYS, "mine", "own", NULL, "at most documented", "violation", "I1", false },
	{ "[expect]\nstock = I7\n", "mine", "own", NULL, "at most I7", "violation", "I7", true },
	{ "[expect]\nstock = I7\n", "mine", "own", NULL, "at most I7", "violation", "I7 I1", false },
	{ "[expect]\nstock = I7\n", "mine", "own", NULL, "at most I7", "clean", "", true },
	{ "", "mine", "own", NULL, "clean", "documented", "", false },
	/* One way to violate it, and no other. */
	{ "[expect]\nstock = I7/a\n", "stock", "stock", NULL, "I7/a", "violation", "I7/a", true },
	{ "[expect]\nstock = I7/a\n", "stock", "stock", NULL, "I7/a", "violation", "I7/a I7/b", false },
	{ "[expect]\nstock = I7/a\n", "stock", "stock", NULL, "I7/a", "violation", "I7/b", false },
	{ "[expect]\nstock = I7/a\n", "mine", "own", NULL, "at most I7/a", "violation", "I7/a", true },
	{ "[expect]\nstock = I7/a\n", "mine", "own", NULL, "at most I7/a", "violation", "I7/b", false },
	{ "[expect]\nstock = I7\n", "mine", "own", NULL, "at most I7", "violation", "I7/a I7/b", true },
	{ "[expect]\nstock = I1\n", "mine", "own", NULL, "at most I1", "violation", "I11/a", false },
	{ "[expect]\nboth = I7/a;I7/b\n", "both", "variant", NULL, "I7/a;I7/b", "violation", "I7/b", true },
	{ "[expect]\nboth = I7/a;I6;I7/b\n", "both", "variant", NULL, "I7/a;I6;I7/b", "violation",
	  "I7/b", false },
	{ "[expect]\nboth = I7/a;I6\n", "both", "variant", NULL, "I7/a;I6", "violation", "I7/a I6/c", true },
	{ "[expect]\nboth = I7/a;I6\n", "both", "variant", NULL, "I7/a;I6", "violation", "I7/b I6/c", false },
	{ KEYS, "scratch-plain-store", "mutant", "I1", "I1", "violation", "I1/maps-scratch I4/a", true },
};

static void test_met(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GKeyFile) keys = g_key_file_new();
		g_assert_true(g_key_file_load_from_data(keys, cases[i].expect, -1, G_KEY_FILE_NONE,
							NULL));
		Scenario scenario = { .keys = keys };
		Kernel kernel = { .name = (char *)cases[i].kernel, .kind = (char *)cases[i].kind,
				  .breaks = (char *)cases[i].breaks };
		g_autoptr(Expectation) expectation = expectation_new(&scenario, &kernel);
		g_auto(GStrv) violated = g_strsplit(cases[i].violated, " ", -1);

		g_assert_cmpstr(expectation->text, ==, cases[i].text);
		g_assert_cmpint(expectation_met(expectation, cases[i].verdict,
						(const char *const *)violated), ==, cases[i].met);
	}
}

/* A violation that a later release than 7.3.4 does not have is fixed; of the same one it is missed. */
static const struct {
	const char *expect, *release, *verdict, *violated;
	bool met;
} later[] = {
	{ "I7", "7.3.4", "clean", "", false },
	{ "I7", "7.3.2", "clean", "", false },
	{ "I7", "7.3.10", "clean", "", true },
	{ "I7", "7.4", "documented", "", true },
	{ "I7", "7.4", "violation", "I7", true },
	{ "I7", "7.4", "violation", "I1", false },
	{ "I7", "7.4", "inconclusive", "", false },
	{ "documented", "7.4", "clean", "", false },
	{ "clean", "7.4", "documented", "", false },
};

static void test_later(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(later); i++) {
		g_autoptr(GKeyFile) keys = g_key_file_new();
		Scenario scenario = { .keys = keys };
		Kernel kernel = { .name = (char *)"stock", .kind = (char *)"stock",
				  .expected_on = (char *)"7.3.4", .release = (char *)later[i].release };

		g_key_file_set_string(keys, "expect", "stock", later[i].expect);
		g_autoptr(Expectation) expectation = expectation_new(&scenario, &kernel);
		g_auto(GStrv) violated = g_strsplit(later[i].violated, " ", -1);
		g_assert_cmpint(expectation_met(expectation, later[i].verdict,
						(const char *const *)violated), ==, later[i].met);
		kernel.kind = (char *)"mutant";
		kernel.breaks = (char *)"I7";
		g_autoptr(Expectation) mutant = expectation_new(&scenario, &kernel);
		g_assert_cmpint(mutant->clean, ==, strcmp(later[i].expect, "clean") == 0);
	}
}

static void test_check(void)
{
	static const char *const good[] = { "clean", "documented", "I1", "I6;I11" };
	static const char *const bad[] = { "fine", "I0", "I99", "I6;", "clean;I6", "" };

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(expect_text_check("x.scenario", "expect", "stock", good[i], NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(expect_text_check("x.scenario", "expect", "stock", bad[i], &error));
		g_assert_nonnull(strstr(error->message, "x.scenario: [expect] stock: '"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/expectation/met", test_met);
	g_test_add_func("/expectation/later", test_later);
	g_test_add_func("/expectation/check", test_check);
	return g_test_run();
}
