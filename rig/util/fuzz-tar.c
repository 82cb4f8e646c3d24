// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/util/tar.c */
/* Any block as a member's header: what is taken is written as it was meant. */
#include "util/tar.h"

#include <string.h>

#include "util/fuzz.h"

/* A sum that nothing but luck would find. */
static void mend(guint8 block[TAR_BLOCK])
{
	enum { AT = 148, LENGTH = 8 };
	guint sum = 0;

	memset(block + AT, ' ', LENGTH);
	for (gsize i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	g_snprintf((char *)block + AT, LENGTH, "%06o", sum);
}

static void try(const guint8 block[TAR_BLOCK])
{
	guint8 again[TAR_BLOCK];
	TarMember member, same;
	g_autoptr(GError) error = NULL;

	if (tar_is_end(block) || !tar_parse(block, "FILE", &member, &error))
		return;
	fuzz_taken();
	g_assert_cmpuint(strlen(member.name), <=, TAR_MAX_NAME);
	g_assert_cmpuint((member.size + tar_padding(member.size)) % TAR_BLOCK, ==, 0);
	tar_header(&member, again);
	g_assert_true(tar_parse(again, "FILE", &same, NULL));
	g_assert_cmpstr(same.name, ==, member.name);
	g_assert_cmpuint(same.size, ==, member.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	guint8 block[TAR_BLOCK] = { 0 };

	memcpy(block, data, MIN(size, TAR_BLOCK));
	try(block);
	mend(block);
	try(block);
	return 0;
}
