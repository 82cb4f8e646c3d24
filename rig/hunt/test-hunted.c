// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/hunted.h"

#include <string.h>

#include "hunt/signature.h"
#include "util/error.h"

static void test_round_trip(void)
{
	g_autoptr(Hunted) hunted = hunted_new(3);
	Violation violation = violation_new(g_intern_string("I7"), g_intern_string("stale-access"), 4);
	g_autoptr(GError) error = NULL;

	violation.page = 1;
	hunted->how = HUNTED_BOUNDED;
	hunted->bound = 1;
	hunted->executed = 7;
	hunted->violating = 2;
	g_ptr_array_add(hunted->invariants, (char *)g_intern_string("I7"));
	Hit *hit = hunted_add(hunted, &violation);
	*hit = (Hit){ violation, g_strdup("A access | B \"x\""), 2, g_strdup("racerig-schedule 5\n…"),
		      1, 5 };
	g_autofree char *line = hunted_format(hunted);
	g_autoptr(Hunted) back = hunted_parse(line, strlen(line), 4, "J:2", &error);
	g_assert_no_error(error);
	g_autofree char *again = hunted_format(back);
	g_assert_cmpstr(line, ==, again);
	g_assert_null(strchr(line, '\n'));
	g_assert_cmpint(back->bound, ==, 1);
	g_assert_true(hunted_violates(back, "I7"));
	g_assert_false(hunted_violates(back, "I6"));
}

static void test_bad_lines(void)
{
	static const char *const bad[] = {
		"", "{", "[]", "{\"n\":0}",
		"{\"n\":4,\"how\":\"complete\",\"executed\":0,\"violating\":0,\"documented\":0,"
		"\"invariants\":[],\"hits\":[]}",
		"{\"n\":0,\"how\":\"perhaps\",\"executed\":0,\"violating\":0,\"documented\":0,"
		"\"invariants\":[],\"hits\":[]}",
		"{\"n\":0,\"how\":\"bounded\",\"executed\":0,\"violating\":0,\"documented\":0,"
		"\"invariants\":[],\"hits\":[]}",
		"{\"n\":0,\"how\":\"bounded\",\"bound\":3,\"executed\":0,\"violating\":0,\"documented\":0,"
		"\"invariants\":[],\"hits\":[]}",
		"{\"n\":0,\"how\":\"complete\",\"executed\":-1,\"violating\":0,\"documented\":0,"
		"\"invariants\":[],\"hits\":[]}",
		"{\"n\":0,\"how\":\"complete\",\"executed\":0,\"violating\":0,\"documented\":0,"
		"\"invariants\":[\"../x\"],\"hits\":[]}",
		"{\"n\":0,\"how\":\"complete\",\"executed\":0,\"violating\":0,\"documented\":0,"
		"\"invariants\":[],\"hits\":[{}]}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(hunted_parse(bad[i], strlen(bad[i]), 4, "J:2", &error));
		g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
		g_assert_true(g_str_has_prefix(error->message, "J:2"));
	}
}

/* Who looks at it is called by letters, in order of appearance. */
static void test_signature(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "tests/streams/lost-write--stock.jsonl",
						      NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL)) {
		g_test_skip("not run from the checkout");
		return;
	}
	g_autoptr(Record) record = record_parse(text, path, &error);
	g_assert_no_error(error);
	Violation found = violation_new(g_intern_string("I7"), g_intern_string("stale-access"),
					(int)record->events->len - 1);
	g_autofree char *signature = signature_of(record, &found);
	found.event = 0;
	g_autofree char *begin = signature_of(record, &found);
	g_assert_cmpuint(strlen(begin), <, strlen(signature));
	g_assert_true(g_str_has_prefix(signature, "A "));
	g_assert_nonnull(strstr(signature, " | B "));
	g_assert_null(strstr(signature, "+0x"));
}

int main(int argc, char **argv)
{
	g_setenv("G_TEST_SRCDIR", ".", FALSE);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hunted/round-trip", test_round_trip);
	g_test_add_func("/hunted/bad-lines", test_bad_lines);
	g_test_add_func("/hunted/signature", test_signature);
	return g_test_run();
}
