// SPDX-License-Identifier: GPL-2.0-only
#include "util/sha256.h"

/* GLib's is another implementation: around each border of a block, and where it is filled up. */
static void test_as_glib(void)
{
	enum { MOST = 1000 };
	guint8 data[MOST];

	for (int i = 0; i < MOST; i++)
		data[i] = i * 167 + i / 7;
	for (gsize len = 0; len <= MOST; len++) {
		g_autofree char *ours = sha256_of(data, len);
		g_autofree char *theirs = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, len);

		g_assert_cmpstr(ours, ==, theirs);
	}
}

/* FIPS 180-4's own. */
static void test_known(void)
{
	g_autofree char *sum = sha256_of("abc", 3);

	g_assert_cmpstr(sum, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sha256/as-glib", test_as_glib);
	g_test_add_func("/sha256/known", test_known);
	return g_test_run();
}
