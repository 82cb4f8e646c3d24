// SPDX-License-Identifier: GPL-2.0-only
#include "util/tar.h"

#include <string.h>

#include "util/error.h"

static void test_round(void)
{
	static const guint64 sizes[] = { 0, 1, 511, 512, 513, 123456789, TAR_MAX_SIZE };

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		TarMember member = { .size = sizes[i] }, again;
		guint8 block[TAR_BLOCK];
		g_autoptr(GError) error = NULL;

		memset(member.name, 'x', i ? TAR_MAX_NAME : 1);
		tar_header(&member, block);
		g_assert_false(tar_is_end(block));
		g_assert_true(tar_parse(block, "F", &again, &error));
		g_assert_no_error(error);
		g_assert_cmpstr(again.name, ==, member.name);
		g_assert_cmpuint(again.size, ==, member.size);
		g_assert_cmpuint((member.size + tar_padding(member.size)) % TAR_BLOCK, ==, 0);
	}
}

/* A block with a byte or two changed, and its sum right again. */
static void refused(gsize at, const char *bytes, gsize len, bool mend, const char *why)
{
	TarMember member = { .name = "objects/0", .size = 5 }, again;
	guint8 block[TAR_BLOCK];
	g_autoptr(GError) error = NULL;
	guint sum = 0;

	tar_header(&member, block);
	memcpy(block + at, bytes, len);
	if (mend) {
		memset(block + 148, ' ', 8);
		for (gsize i = 0; i < TAR_BLOCK; i++)
			sum += block[i];
		g_snprintf((char *)block + 148, 7, "%06o", sum);
	}
	g_assert_false(tar_parse(block, "F", &again, &error));
	g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
	g_assert_nonnull(strstr(error->message, why));
}

static void test_refused(void)
{
	char longest[100];

	memset(longest, 'x', sizeof(longest));
	refused(0, "y", 1, false, "damaged");
	refused(257, "posix", 5, true, "no archive");
	/* a link, a hard one, a folder, a device, a FIFO, an extension */
	for (const char *type = "21536xgLK7"; *type; type++)
		refused(156, type, 1, true, "'objects/0' is no regular file");
	refused(157, "/etc/passwd", 11, true, "no regular file");
	refused(124, "-0000000005", 11, true, "size");
	refused(124, "00000000x05", 11, true, "size");
	/* a size in binary, as GNU tar has it */
	refused(124, "\200\0\0\0\0\0\0\0\0\0\0\1", 12, true, "size");
	refused(345, "../..", 5, true, "longer");
	refused(0, longest, sizeof(longest), true, "longer");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tar/round", test_round);
	g_test_add_func("/tar/refused", test_refused);
	return g_test_run();
}
