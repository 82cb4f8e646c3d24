// SPDX-License-Identifier: GPL-2.0-only
#include "util/child.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"

/* One child to be started, and where the starter leaves it. */
typedef struct {
	GSubprocessLauncher *launcher;
	const char *const *argv;
	const ChildSetup *setup;
	cpu_set_t cpus;
	pid_t rig;
	GAsyncQueue *done;	/* gets this back */
	GSubprocess *child;
	GError *error;		/* when @child is NULL */
} Start;

/* In the child. */
static void set_up(gpointer data)
{
	const Start *start = data;
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The rig may have gone before the line above. */
	if (getppid() != start->rig)
		_exit(1);
	sched_setaffinity(0, sizeof(start->cpus), &start->cpus);
	if (start->setup && start->setup->func)
		start->setup->func(start->setup->data);
}

static gpointer serve(gpointer data)
{
	for (;;) {
		Start *start = g_async_queue_pop(data);

		g_subprocess_launcher_set_child_setup(start->launcher, set_up, start, NULL);
		start->child = g_subprocess_launcher_spawnv(start->launcher, start->argv,
							    &start->error);
		g_async_queue_push(start->done, start);
	}
	return NULL;
}

static gpointer make_starter(gpointer data)
{
	GAsyncQueue *queue = g_async_queue_new();

	(void)data;
	g_thread_unref(g_thread_new("starter", serve, queue));
	return queue;
}

GSubprocess *child_start(GSubprocessLauncher *launcher, const char *const *argv,
			 const ChildSetup *setup, GError **error)
{
	static GOnce once = G_ONCE_INIT;
	GAsyncQueue *queue = g_once(&once, make_starter, NULL);
	g_autoptr(GAsyncQueue) done = g_async_queue_new();
	Start start = { .launcher = launcher, .argv = argv, .setup = setup, .rig = getpid(),
			.done = done };

	sched_getaffinity(0, sizeof(start.cpus), &start.cpus);
	g_async_queue_push(queue, &start);
	g_async_queue_pop(done);
	if (!start.child)
		g_propagate_error(error, start.error);
	return start.child;
}

void child_end(GSubprocess *child)
{
	if (!child)
		return;
	g_subprocess_force_exit(child);
	g_subprocess_wait(child, NULL, NULL);
	g_object_unref(child);
}

static void limit(gpointer seconds)
{
	alarm(GPOINTER_TO_INT(seconds));
}

static char *text_of(GBytes *bytes)
{
	gsize len = 0;
	const char *text = bytes ? g_bytes_get_data(bytes, &len) : NULL;

	return g_strndup(text ? text : "", len);
}

bool child_run(const char *const *argv, int seconds, char **ret_out, char **ret_errors,
	       int *ret_status, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | (ret_errors ? G_SUBPROCESS_FLAGS_STDERR_PIPE
							      : G_SUBPROCESS_FLAGS_STDERR_SILENCE));
	ChildSetup setup = { limit, GINT_TO_POINTER(seconds) };
	g_autoptr(GSubprocess) child = child_start(launcher, argv, &setup, error);
	g_autoptr(GBytes) out = NULL, errors = NULL;

	if (!child || !g_subprocess_communicate(child, NULL, NULL, &out, &errors, error))
		return false;
	*ret_out = text_of(out);
	if (ret_errors)
		*ret_errors = text_of(errors);
	*ret_status = g_subprocess_get_status(child);
	if (!seconds || !WIFSIGNALED(*ret_status) || WTERMSIG(*ret_status) != SIGALRM)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "it did not end within %d s", seconds);
	return false;
}
