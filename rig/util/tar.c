// SPDX-License-Identifier: GPL-2.0-only
#include "util/tar.h"

#include <string.h>

#include "util/error.h"
#include "util/name.h"

/* As the standard has it; numbers are octal text. */
typedef struct {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
} Header;

G_STATIC_ASSERT(sizeof(Header) == TAR_BLOCK);

static const char MAGIC[6] = "ustar";
static const char REGULAR = '0';

/* Of all bytes, with blanks for the sum itself. */
static guint sum_of(const Header *header)
{
	Header copy = *header;
	const guint8 *bytes = (const guint8 *)&copy;
	guint sum = 0;

	memset(copy.checksum, ' ', sizeof(copy.checksum));
	for (gsize i = 0; i < sizeof(copy); i++)
		sum += bytes[i];
	return sum;
}

static void put_octal(char *field, gsize size, guint64 value)
{
	g_snprintf(field, size, "%0*" G_GINT64_MODIFIER "o", (int)size - 1, value);
}

/* Digits to the end of the field, or to a blank or NUL behind which is nothing. */
static bool get_octal(const char *field, gsize size, guint64 *ret)
{
	gsize i;

	*ret = 0;
	for (i = 0; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
		if (*ret >> 60)
			return false;
		*ret = *ret * 8 + (field[i] - '0');
	}
	for (gsize rest = i; rest < size; rest++)
		if (field[rest] && field[rest] != ' ')
			return false;
	return i > 0;
}

void tar_header(const TarMember *member, guint8 ret[TAR_BLOCK])
{
	Header header = { .type = REGULAR, .version = { '0', '0' } };

	g_assert(member->size <= TAR_MAX_SIZE);
	memcpy(header.name, member->name, strnlen(member->name, TAR_MAX_NAME));
	memcpy(header.magic, MAGIC, sizeof(MAGIC));
	put_octal(header.mode, sizeof(header.mode), 0644);
	put_octal(header.uid, sizeof(header.uid), 0);
	put_octal(header.gid, sizeof(header.gid), 0);
	put_octal(header.size, sizeof(header.size), member->size);
	put_octal(header.mtime, sizeof(header.mtime), 0);
	put_octal(header.major, sizeof(header.major), 0);
	put_octal(header.minor, sizeof(header.minor), 0);
	put_octal(header.checksum, sizeof(header.checksum) - 1, sum_of(&header));
	header.checksum[sizeof(header.checksum) - 1] = ' ';
	memcpy(ret, &header, sizeof(header));
}

gsize tar_padding(guint64 size)
{
	return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

bool tar_is_end(const guint8 block[TAR_BLOCK])
{
	for (gsize i = 0; i < TAR_BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

static bool fail(const char *where, const char *what, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", where, what);
	return false;
}

bool tar_parse(const guint8 block[TAR_BLOCK], const char *where, TarMember *ret, GError **error)
{
	Header header;
	guint64 sum;

	memcpy(&header, block, sizeof(header));
	if (memcmp(header.magic, MAGIC, sizeof(MAGIC)) != 0 ||
	    !get_octal(header.checksum, sizeof(header.checksum), &sum) || sum != sum_of(&header))
		return fail(where, "damaged, or no archive of racerig's", error);
	if (!memchr(header.name, '\0', sizeof(header.name)) || *header.prefix)
		return fail(where, "a member's name is longer than any of racerig's", error);
	memcpy(ret->name, header.name, sizeof(ret->name));
	if (header.type != REGULAR || *header.link) {
		g_autofree char *shown = name_shown(ret->name);
		g_autofree char *what = g_strdup_printf("member '%s' is no regular file", shown);

		return fail(where, what, error);
	}
	if (!get_octal(header.size, sizeof(header.size), &ret->size) || ret->size > TAR_MAX_SIZE)
		return fail(where, "a member's size is no number", error);
	return true;
}
