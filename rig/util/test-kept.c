// SPDX-License-Identifier: GPL-2.0-only
#include "util/kept.h"

#include <glib/gstdio.h>
#include <string.h>

static const char TEXT[] = "{\"PTE load\":4}\n";

static void is_refused(const Kept *kept)
{
	g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "* is *; doing it again");
	g_autofree char *text = kept_read(kept);

	g_test_assert_expected_messages();
	g_assert_null(text);
	g_assert_false(g_file_test(kept->path, G_FILE_TEST_EXISTS));
}

static void test_what_is_kept_is_read(void)
{
	g_auto(Kept) kept = kept_init("kept", "it", "all that it depends on", "doing it again");
	g_autofree char *none = kept_read(&kept);

	g_assert_null(none);
	kept_write(&kept, TEXT);
	g_autofree char *text = kept_read(&kept);
	g_assert_cmpstr(text, ==, TEXT);
	kept_write(&kept, "");
	g_autofree char *nothing = kept_read(&kept);
	g_assert_cmpstr(nothing, ==, "");
}

/* Whatever byte of it is another one, it is not taken; nor is a part of it. */
static void test_damage(void)
{
	g_auto(Kept) kept = kept_init("kept", "damaged", "a", "doing it again");
	g_autofree char *whole = NULL;
	gsize len;

	kept_write(&kept, TEXT);
	g_assert_true(g_file_get_contents(kept.path, &whole, &len, NULL));
	for (gsize i = 0; i < len; i++) {
		g_autofree char *other = g_memdup2(whole, len);

		other[i] ^= 1;
		g_assert_true(g_file_set_contents(kept.path, other, len, NULL));
		is_refused(&kept);
		g_assert_true(g_file_set_contents(kept.path, whole, i, NULL));
		is_refused(&kept);
	}
}

static void test_of_something_else(void)
{
	g_auto(Kept) kept = kept_init("kept", "same", "a", "doing it again");
	g_auto(Kept) other = kept_init("kept", "same", "b", "doing it again");

	kept_write(&kept, TEXT);
	g_assert_cmpstr(kept.path, !=, other.path);
	g_assert_cmpint(g_rename(kept.path, other.path), ==, 0);
	is_refused(&other);
}

int main(int argc, char **argv)
{
	g_autofree char *cache = g_dir_make_tmp("racerig-kept-XXXXXX", NULL);

	g_setenv("XDG_CACHE_HOME", cache, TRUE);
	g_unsetenv("RACERIG_LOSE");
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kept/is-read", test_what_is_kept_is_read);
	g_test_add_func("/kept/damage", test_damage);
	g_test_add_func("/kept/of-something-else", test_of_something_else);
	return g_test_run();
}
