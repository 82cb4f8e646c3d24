// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/unwatched.h"

static void check(const char *actors, const char *expected)
{
	g_autoptr(GError) error = NULL;
	const char *where;
	OperationsText text = { .actors = actors, .pages = -1, .arenas = -1, .processes = -1 };
	g_autoptr(Operations) made = operations_parse(&text, &where, &error);

	g_assert_no_error(error);
	g_auto(GStrv) found = operations_unwatched(made);
	g_autofree char *words = found ? g_strjoinv(" ", found) : NULL;
	g_assert_cmpstr(words, ==, expected);
}

static void test_unwatched(void)
{
	/* Without user space nobody changes what could be counted. */
	check("alloc 0 | read 0 | free 0", NULL);
	check("free 0 | munmap", NULL);
	check("user-read 0 | free 0", "pages");
	check("pin 0 | free 0", "pages");
	check("alloc 0 | munmap", "pages");
	check("munmap; mmap | free 0", "mappings");
	check("munmap; mmap; user-read 0 | pin 1 | free 0", "pages mappings");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/unwatched", test_unwatched);
	return g_test_run();
}
