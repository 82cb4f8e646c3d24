// SPDX-License-Identifier: GPL-2.0-only
#include "util/sum.h"

#include <glib/gstdio.h>
#include <string.h>

#include "util/file.h"
#include "util/sha256.h"

enum { MAX_SUM_BYTES = 128 };

static char *beside(const char *path)
{
	return g_strconcat(path, ".sha256", NULL);
}

char *sum_of_file(const char *path, guint64 *ret_size, GError **error)
{
	g_autoptr(GMappedFile) mapped = g_mapped_file_new(path, FALSE, error);

	if (!mapped)
		return NULL;
	gsize len = g_mapped_file_get_length(mapped);
	if (ret_size)
		*ret_size = len;
	return sha256_of(g_mapped_file_get_contents(mapped), len);
}

static gpointer sum_program(gpointer unused)
{
	(void)unused;
	return sum_of_file("/proc/self/exe", NULL, NULL);
}

const char *sum_of_program(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, sum_program, NULL);
}

bool sum_write(const char *path, const void *data, gsize len, GError **error)
{
	g_autofree char *sum = sha256_of(data, len);
	g_autofree char *file = beside(path);
	g_autofree char *line = g_strconcat(sum, "\n", NULL);

	/* A sum without its file is harmless, a file without its sum is not looked at. */
	return g_file_set_contents(file, line, -1, error) &&
	       g_file_set_contents(path, data, len, error);
}

SumState sum_check(const char *path, char **ret_sum)
{
	g_autofree char *file = beside(path);
	g_autofree char *line = file_read(file, FILE_NAMED, MAX_SUM_BYTES, NULL, NULL);

	*ret_sum = sum_of_file(path, NULL, NULL);
	if (!*ret_sum)
		return SUM_MISSING;
	if (!line)
		return SUM_UNKNOWN;
	return strcmp(g_strchomp(line), *ret_sum) == 0 ? SUM_WHOLE : SUM_DAMAGED;
}

void sum_remove(const char *path)
{
	g_autofree char *file = beside(path);

	g_unlink(path);
	g_unlink(file);
}
