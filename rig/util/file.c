// SPDX-License-Identifier: GPL-2.0-only
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"

static const char too_big[] = "too big to be racerig's";
static const char zero_byte[] = "a zero byte is in it, and it is no text of racerig's";

static char *fail(const char *path, const char *what, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, what);
	return NULL;
}

/* It may grow meanwhile: what is there beyond @size is not read. */
static bool fill(int fd, char *buffer, gsize size, gsize *ret_len)
{
	gsize len = 0;

	while (len < size) {
		ssize_t got = read(fd, buffer + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		len += got;
	}
	buffer[len] = '\0';
	*ret_len = len;
	return true;
}

/* What is wrong with it; NULL: nothing, and it is @ret_size long. */
static const char *not_a_file(int fd, guint64 *ret_size)
{
	struct stat st;

	if (fstat(fd, &st))
		return g_strerror(errno);
	*ret_size = st.st_size;
	return S_ISREG(st.st_mode) ? NULL
				   : S_ISDIR(st.st_mode) ? "a folder, and no file" : "no regular file";
}

static char *read_open(int fd, const char *path, gsize max, gsize *ret_len, GError **error)
{
	guint64 size = 0;
	const char *what = not_a_file(fd, &size);
	gsize len;

	if (what)
		return fail(path, what, error);
	if (size > max)
		return fail(path, too_big, error);
	g_autofree char *buffer = g_malloc(size + 1);
	if (!fill(fd, buffer, size, &len))
		return fail(path, g_strerror(errno), error);
	if (ret_len)
		*ret_len = len;
	return g_steal_pointer(&buffer);
}

/* Whatever it is. */
static int open_any(const char *path, FileSource source, GError **error)
{
	/* To open a FIFO would wait for whoever writes to it. */
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
		    (source == FILE_FOUND ? O_NOFOLLOW : 0);
	int fd = open(path, flags);

	if (fd < 0)
		fail(path, errno == ELOOP ? "a link, and no file" : g_strerror(errno), error);
	return fd;
}

int file_open(const char *path, FileSource source, GError **error)
{
	int fd = open_any(path, source, error);
	guint64 size;
	const char *what = fd < 0 ? NULL : not_a_file(fd, &size);

	if (!what)
		return fd;
	fail(path, what, error);
	close(fd);
	return -1;
}

gboolean file_replaceable(const char *path, GError **error)
{
	struct stat st;

	if (stat(path, &st) || S_ISREG(st.st_mode))
		return TRUE;
	fail(path, S_ISDIR(st.st_mode) ? "a folder; give the name of a file"
				       : "no regular file, and would be replaced by one; give another name",
	     error);
	return FALSE;
}

char *file_read(const char *path, FileSource source, gsize max, gsize *ret_len, GError **error)
{
	int fd = open_any(path, source, error);

	if (fd < 0)
		return NULL;
	char *text = read_open(fd, path, max, ret_len, error);
	close(fd);
	return text;
}

char *file_read_text(const char *path, FileSource source, gsize max, GError **error)
{
	gsize len;
	g_autofree char *text = file_read(path, source, max, &len, error);

	if (!text || strlen(text) == len)
		return g_steal_pointer(&text);
	return fail(path, zero_byte, error);
}

char *file_read_stdin(gsize max, GError **error)
{
	static const char name[] = "standard input";
	g_autoptr(GString) text = g_string_new(NULL);
	char buffer[16384];

	for (;;) {
		ssize_t got = read(STDIN_FILENO, buffer, sizeof(buffer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(name, g_strerror(errno), error);
		if (got == 0)
			break;
		if (memchr(buffer, '\0', got))
			return fail(name, zero_byte, error);
		g_string_append_len(text, buffer, got);
		if (text->len > max)
			return fail(name, too_big, error);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}
