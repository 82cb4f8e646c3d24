// SPDX-License-Identifier: GPL-2.0-only
/* Folders in memory: swept when nobody holds them, and never before. */
#include "util/shmdir.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_sweep(void)
{
	g_autofree char *base = g_dir_make_tmp("shm-XXXXXX", NULL);
	g_autofree char *victim = g_build_filename(base, "victim", NULL);

	g_setenv("RACERIG_SHM", base, TRUE);
	g_assert_true(g_file_set_contents(victim, "x", -1, NULL));
	ShmDir *held = shmdir_new(NULL);
	g_assert_nonnull(held);
	/* A rig that is killed leaves a folder with a file and a link to somebody else's. */
	int pipes[2];
	g_assert_cmpint(pipe(pipes), ==, 0);
	pid_t child = fork();
	if (child == 0) {
		ShmDir *left = shmdir_new(NULL);
		g_autofree char *file = g_build_filename(shmdir_path(left), "sock", NULL);
		g_autofree char *link = g_build_filename(shmdir_path(left), "link", NULL);
		if (!g_file_set_contents(file, "x", -1, NULL) || symlink(victim, link))
			_exit(1);
		if (write(pipes[1], shmdir_path(left), strlen(shmdir_path(left))) < 0)
			_exit(1);
		_exit(0);
	}
	char left[200] = "";
	int status;
	g_assert_cmpint(read(pipes[0], left, sizeof(left)), >, 0);
	waitpid(child, &status, 0);
	g_assert_cmpint(status, ==, 0);
	g_assert_true(g_file_test(left, G_FILE_TEST_IS_DIR));
	ShmDir *other = shmdir_new(NULL);
	g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(victim, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(shmdir_path(held), G_FILE_TEST_IS_DIR));
	g_assert_cmpstr(shmdir_path(held), !=, shmdir_path(other));
	shmdir_free(held);
	shmdir_free(other);
	g_unlink(victim);
	g_assert_cmpint(g_rmdir(base), ==, 0);
}

static void test_refused(void)
{
	g_autoptr(GError) error = NULL;

	g_setenv("RACERIG_SHM", "relative", TRUE);
	g_assert_null(shmdir_new(&error));
	g_clear_error(&error);
	g_setenv("RACERIG_SHM", "/nonexistent", TRUE);
	g_assert_null(shmdir_new(&error));
}

static void test_room(void)
{
	g_autoptr(GError) error = NULL;
	const char *here = g_get_tmp_dir();

	g_assert_true(shmdir_has_room(here, 0, &error));
	g_assert_no_error(error);
	g_assert_false(shmdir_has_room(here, G_MAXUINT64, &error));
	g_assert_true(g_str_has_prefix(error->message, here));
	g_clear_error(&error);
	g_assert_false(shmdir_has_room("/nonexistent", 0, &error));
	g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shmdir/sweep", test_sweep);
	g_test_add_func("/shmdir/refused", test_refused);
	g_test_add_func("/shmdir/room", test_room);
	return g_test_run();
}
