// SPDX-License-Identifier: GPL-2.0-only
#include "machine/images.h"

#include <string.h>

enum { PAGES = 130, BYTES = PAGES * TRACK_PAGE };

static void take_page(gsize page, const guint8 *before, const guint8 *now, gpointer data)
{
	g_string_append_printf(data, "%zu:%d>%d ", page, before[0], now[0]);
}

static char *since(Images *images, const Mark *mark)
{
	GString *text = g_string_new(NULL);

	images_since(images, mark, take_page, text);
	return g_string_free(text, FALSE);
}

static char *hash(Images *images, const char *tag)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	images_hash(images, tag, sum);
	return g_strdup(g_checksum_get_string(sum));
}

static void test_restore(void)
{
	g_autofree guint8 *ram = g_malloc0(BYTES), *first = g_malloc0(BYTES);
	g_autoptr(Images) images = images_new(ram, BYTES, NULL);

	images_save(images, "a");
	ram[0] = ram[64 * TRACK_PAGE] = ram[BYTES - 1] = 1;
	images_save(images, "b");
	g_assert_true(images_restore(images, "a", NULL));
	g_assert_cmpmem(ram, BYTES, first, BYTES);
	g_assert_true(images_restore(images, "b", NULL));
	g_assert_cmpint(ram[0] + ram[64 * TRACK_PAGE] + ram[BYTES - 1], ==, 3);
}

/* Before and after, in an image's page and beside it. */
static void test_mark(void)
{
	g_autofree guint8 *ram = g_malloc0(BYTES);
	g_autoptr(Images) images = images_new(ram, BYTES, NULL);

	images_save(images, "a");
	ram[1 * TRACK_PAGE] = ram[70 * TRACK_PAGE] = 1;
	Mark *mark = images_mark(images, "a");
	g_autofree char *same = since(images, mark);
	g_assert_cmpstr(same, ==, "");
	ram[1 * TRACK_PAGE] = 0;
	ram[3 * TRACK_PAGE] = 2;
	ram[129 * TRACK_PAGE] = 3;
	g_autofree char *other = since(images, mark);
	g_assert_cmpstr(other, ==, "1:1>0 3:0>2 129:0>3 ");
	mark_free(mark);
}

static void test_hash(void)
{
	g_autofree guint8 *ram = g_malloc0(BYTES);
	g_autoptr(Images) images = images_new(ram, BYTES, NULL);

	images_save(images, "a");
	g_autofree char *was = hash(images, "a");
	ram[5 * TRACK_PAGE] = 1;
	g_autofree char *five = hash(images, "a");
	ram[5 * TRACK_PAGE] = 0;
	ram[6 * TRACK_PAGE] = 1;
	g_autofree char *six = hash(images, "a");
	ram[6 * TRACK_PAGE] = 0;
	g_autofree char *again = hash(images, "a");
	g_assert_cmpstr(was, ==, again);
	g_assert_cmpstr(was, !=, five);
	g_assert_cmpstr(five, !=, six);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/images/restore", test_restore);
	g_test_add_func("/images/mark", test_mark);
	g_test_add_func("/images/hash", test_hash);
	return g_test_run();
}
