// SPDX-License-Identifier: GPL-2.0-only
#include "util/child.h"

#include <signal.h>
#include <sys/wait.h>

static gpointer start_sleeper(gpointer data)
{
	const char *argv[] = { "sleep", "1000", NULL };
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(0);

	(void)data;
	return child_start(launcher, argv, NULL, NULL);
}

/* A child ends with the rig, not with the thread that asked for it. */
static void test_thread_ends(void)
{
	GThread *thread = g_thread_new("short", start_sleeper, NULL);
	GSubprocess *child = g_thread_join(thread);

	g_assert_nonnull(child);
	g_usleep(G_USEC_PER_SEC / 10);
	g_assert_nonnull(g_subprocess_get_identifier(child));
	child_end(child);
}

static void test_run(void)
{
	g_autofree char *out = NULL, *errors = NULL;
	int status;

	g_assert_true(child_run((const char *[]){ "sh", "-c", "echo a; echo b >&2; exit 3", NULL }, 0,
				&out, &errors, &status, NULL));
	g_assert_cmpstr(out, ==, "a\n");
	g_assert_cmpstr(errors, ==, "b\n");
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void test_limit(void)
{
	g_autofree char *out = NULL;
	g_autoptr(GError) error = NULL;
	int status;

	g_assert_false(child_run((const char *[]){ "sleep", "1000", NULL }, 1, &out, NULL, &status,
				 &error));
	g_assert_cmpstr(error->message, ==, "it did not end within 1 s");
}

static void test_missing(void)
{
	g_autofree char *out = NULL;
	g_autoptr(GError) error = NULL;
	int status;

	g_assert_false(child_run((const char *[]){ "/nonexistent", NULL }, 0, &out, NULL, &status,
				 &error));
	g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/child/thread-ends", test_thread_ends);
	g_test_add_func("/child/run", test_run);
	g_test_add_func("/child/limit", test_limit);
	g_test_add_func("/child/missing", test_missing);
	return g_test_run();
}
