// SPDX-License-Identifier: GPL-2.0-only
#include "util/name.h"

#include <string.h>

#include "util/error.h"

static const char LONGEST[] = "a23456789012345678901234567890123456789012345678901234567890123";

static const struct {
	NameKind kind;
	const char *text;
	bool is;
} cases[] = {
	{ NAME_SCENARIO, "fault-vs-alloc", true },
	{ NAME_SCENARIO, "6.12", true },
	{ NAME_SCENARIO, LONGEST, true },
	{ NAME_SCENARIO, "", false },
	{ NAME_SCENARIO, NULL, false },
	{ NAME_SCENARIO, "..", false },
	{ NAME_SCENARIO, "-x", false },
	{ NAME_SCENARIO, "_x", false },
	{ NAME_SCENARIO, "a/b", false },
	{ NAME_SCENARIO, "a b", false },
	{ NAME_SCENARIO, "a\n", false },
	{ NAME_SCENARIO, "a\x1b[2J", false },
	{ NAME_SCENARIO, "\xc3\xa4", false },
	{ NAME_SCENARIO, "stock@prev", false },
	{ NAME_KERNEL, "stock", true },
	{ NAME_KERNEL, "free-no-flush@stock-prev", true },
	{ NAME_KERNEL, "stock@", false },
	{ NAME_KERNEL, "@stock", false },
	{ NAME_KERNEL, "a@b@c", false },
	{ NAME_KERNEL, "a@../b", false },
	{ NAME_KERNEL, "../../x", false },
	{ NAME_KERNEL, "/etc/passwd", false },
	{ NAME_KERNEL, "--check", false },
	{ NAME_INVARIANT, "I1", true },
	{ NAME_INVARIANT, "I11", true },
	{ NAME_INVARIANT, "I0", false },
	{ NAME_INVARIANT, "I123", false },
	{ NAME_INVARIANT, "J1", false },
	{ NAME_INVARIANT, "I", false },
	{ NAME_KEY, "1f2e3d4c5b6a7988", true },
	{ NAME_KEY, "0", true },
	{ NAME_KEY, "", false },
	{ NAME_KEY, "1F", false },
	{ NAME_KEY, "12/../34", false },
	{ NAME_FOLDER, "runs/lost-write/free-no-flush@stock-prev", true },
	{ NAME_FOLDER, "runs", true },
	{ NAME_FOLDER, "../victim", false },
	{ NAME_FOLDER, "runs/../../victim", false },
	{ NAME_FOLDER, "/etc", false },
	{ NAME_FOLDER, "runs//x", false },
	{ NAME_FOLDER, "runs/", false },
	{ NAME_FOLDER, "javascript:alert(1)", false },
};

static void test_is(void)
{
	g_autofree char *longer = g_strconcat(LONGEST, "4", NULL);

	g_assert_cmpuint(strlen(LONGEST), ==, NAME_MAX_LENGTH);
	g_assert_false(name_is(NAME_SCENARIO, longer));
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%d '%s'", cases[i].kind, cases[i].text);
		g_assert_cmpint(name_is(cases[i].kind, cases[i].text), ==, cases[i].is);
		g_assert_cmpint(name_check(cases[i].kind, cases[i].text, "x:1", &error), ==,
				cases[i].is);
		if (!cases[i].is)
			g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
	}
}

static void test_message(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(name_check(NAME_ACTOR, "a\n\x1b[2J", "x.sched:4", &error));
	g_assert_true(g_str_has_prefix(error->message,
				       "x.sched:4: 'a\\n\\033[2J' is no name of an actor ("));
	g_assert_null(strchr(error->message, '\n'));
}

static void test_shown(void)
{
	g_autofree char *long_text = g_strnfill(1000, 'x');
	g_autofree char *cut = name_shown(long_text), *none = name_shown(NULL);

	g_assert_cmpuint(strlen(cut), ==, 203);
	g_assert_cmpstr(none, ==, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/name/is", test_is);
	g_test_add_func("/name/message", test_message);
	g_test_add_func("/name/shown", test_shown);
	return g_test_run();
}
