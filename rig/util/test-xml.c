// SPDX-License-Identifier: GPL-2.0-only
#include "util/xml.h"

static const struct {
	const char *xml, *path;
	int n;			/* -1: no XML */
	const char *first;
} cases[] = {
	{ "<a><b>x</b><b>y</b></a>", "/a/b", 2, "x" },
	{ "<a><c><b>x</b></c></a>", "/a/b", 0, NULL },
	{ "<a><!-- <b>x</b> --><b attr=1/><b>y</b></a>", "/a/b", -1, NULL },
	{ "<a><!-- <b>x</b> --><b attr='1'/><b>y&lt;</b></a>", "/a/b", 1, "y<" },
	{ "<a><b>x</a>", "/a/b", -1, NULL },
	{ "<a><b>x</b>", "/a/b", -1, NULL },
	{ "", "/a", -1, NULL },
	{ "path", "/a", -1, NULL },
};

static void test_texts(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) texts = xml_texts(cases[i].xml, cases[i].path);

		g_test_message("%s", cases[i].xml);
		g_assert_cmpint(texts ? (int)texts->len : -1, ==, cases[i].n);
		if (cases[i].first)
			g_assert_cmpstr(g_ptr_array_index(texts, 0), ==, cases[i].first);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/xml/texts", test_texts);
	return g_test_run();
}
