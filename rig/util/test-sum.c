// SPDX-License-Identifier: GPL-2.0-only
#include "util/sum.h"

#include <glib/gstdio.h>
#include <string.h>

#include "util/file-lock.h"

static const char DATA[] = "what was put there";

static void assert_state(const char *path, SumState state)
{
	g_autofree char *sum = NULL;

	g_assert_cmpint(sum_check(path, &sum), ==, state);
	g_assert_true(!sum == (state == SUM_MISSING));
}

static void test_states(void)
{
	g_autofree char *dir = g_dir_make_tmp("racerig-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "snapshot", NULL);
	g_autofree char *sum = g_strconcat(path, ".sha256", NULL);

	assert_state(path, SUM_MISSING);
	g_assert_true(sum_write(path, DATA, strlen(DATA), NULL));
	assert_state(path, SUM_WHOLE);
	g_assert_true(g_file_set_contents(path, DATA, strlen(DATA) / 2, NULL));
	assert_state(path, SUM_DAMAGED);
	g_assert_true(g_file_set_contents(path, "", 0, NULL));
	assert_state(path, SUM_DAMAGED);
	g_assert_true(g_file_set_contents(path, "what was put therf", -1, NULL));
	assert_state(path, SUM_DAMAGED);
	g_unlink(sum);
	assert_state(path, SUM_UNKNOWN);
	g_assert_true(sum_write(path, DATA, strlen(DATA), NULL));
	sum_remove(path);
	assert_state(path, SUM_MISSING);
	g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static gpointer take(gpointer path)
{
	g_autoptr(FileLock) lock = file_lock(path, NULL, NULL);

	return GINT_TO_POINTER(lock != NULL);
}

/* Whoever waits has it next, and nothing of it is left; a cancelled one has it not. */
static void test_lock(void)
{
	g_autofree char *dir = g_dir_make_tmp("racerig-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "snapshot", NULL);
	g_autoptr(GCancellable) cancel = g_cancellable_new();
	FileLock *lock = file_lock(path, NULL, NULL);

	g_assert_nonnull(lock);
	g_cancellable_cancel(cancel);
	g_assert_null(file_lock(path, cancel, NULL));
	GThread *other = g_thread_new("other", take, path);
	g_usleep(G_USEC_PER_SEC / 10);
	file_lock_free(lock);
	g_assert_nonnull(g_thread_join(other));
	g_assert_cmpint(g_rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sum/states", test_states);
	g_test_add_func("/sum/lock", test_lock);
	return g_test_run();
}
