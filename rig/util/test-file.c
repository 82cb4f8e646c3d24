// SPDX-License-Identifier: GPL-2.0-only
#include "util/file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"

static void assert_refused(const char *path, FileSource source, gsize max, const char *what)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(file_read(path, source, max, NULL, &error));
	g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
	g_assert_true(g_str_has_prefix(error->message, path));
	g_assert_nonnull(strstr(error->message, what));
	if (strcmp(what, "too big") != 0)
		g_assert_cmpint(file_open(path, source, NULL), ==, -1);
}

/* Each would be a wait, an endless read or somebody else's file. */
static void test_no_files(void)
{
	g_autofree char *dir = g_dir_make_tmp("racerig-test-XXXXXX", NULL);
	g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);
	g_autofree char *link = g_build_filename(dir, "link", NULL);
	g_autofree char *to = g_build_filename(dir, "file", NULL);

	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_true(g_file_set_contents(to, "abc", 3, NULL));
	g_assert_cmpint(symlink(to, link), ==, 0);
	assert_refused(fifo, FILE_FOUND, 10, "no regular file");
	assert_refused(fifo, FILE_NAMED, 10, "no regular file");
	assert_refused("/dev/zero", FILE_NAMED, 10, "no regular file");
	assert_refused(dir, FILE_FOUND, 10, "a folder");
	assert_refused(link, FILE_FOUND, 10, "a link");
	assert_refused(to, FILE_FOUND, 2, "too big");
	assert_refused("/nonexistent", FILE_NAMED, 2, "No such file");
	g_autofree char *text = file_read(link, FILE_NAMED, 3, NULL, NULL);
	g_assert_cmpstr(text, ==, "abc");
	int fd = file_open(link, FILE_NAMED, NULL);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
	g_unlink(fifo);
	g_unlink(link);
	g_unlink(to);
	g_rmdir(dir);
}

static void test_zero_bytes(void)
{
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;
	gsize len;

	close(g_file_open_tmp("racerig-test-XXXXXX", &path, NULL));
	g_assert_true(g_file_set_contents(path, "a\0b", 3, NULL));
	g_assert_null(file_read_text(path, FILE_FOUND, 3, &error));
	g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
	g_autofree char *bytes = file_read(path, FILE_FOUND, 3, &len, NULL);
	g_assert_cmpmem(bytes, len, "a\0b", 3);
	g_unlink(path);
}

/* What is written whole is renamed over what is there. */
static void test_replaceable(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(file_replaceable("/dev/null", &error));
	g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
	g_assert_true(g_str_has_prefix(error->message, "/dev/null: no regular file"));
	g_assert_false(file_replaceable("/", NULL));
	g_assert_true(file_replaceable("/proc/self/status", NULL));
	g_assert_true(file_replaceable("/nonexistent", NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/file/no-files", test_no_files);
	g_test_add_func("/file/zero-bytes", test_zero_bytes);
	g_test_add_func("/file/replaceable", test_replaceable);
	return g_test_run();
}
