// SPDX-License-Identifier: GPL-2.0-only
#include "explore/debugger.h"

#include <signal.h>
#include <unistd.h>

#include "util/child.h"
#include "util/paths.h"

/* Where gdb's child finds the stub. */
enum { FD_STUB = 9 };

static void set_foreground(pid_t group)
{
	sigset_t only, old;

	if (!isatty(STDIN_FILENO))
		return;
	/* Whoever is in the background is stopped for asking, unless it does not listen. */
	sigemptyset(&only);
	sigaddset(&only, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &only, &old);
	tcsetpgrp(STDIN_FILENO, group);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Its group goes to the foreground of the terminal, so that Ctrl-C is the debugger's. */
static void become_foreground(gpointer data)
{
	(void)data;
	set_foreground(getpid());
}

static bool run(const char *const *argv, int stub, GCancellable *cancel, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDIN_INHERIT);

	if (stub >= 0)
		g_subprocess_launcher_take_fd(launcher, dup(stub), FD_STUB);
	GSubprocess *process = child_start(launcher, argv, &(ChildSetup){ become_foreground, NULL },
					   error);
	if (!process)
		return false;
	bool ended = g_subprocess_wait(process, cancel, error);
	child_end(process);
	set_foreground(getpgrp());
	return ended;
}

/* Everything was compiled under the tree's name; the files below @root are what it was then. */
static void add_sources(GPtrArray *argv, const char *root, const char *tree)
{
	g_autoptr(GDir) dir = g_dir_open(root, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *inner = g_build_filename(root, name, NULL);
		g_autofree char *original = g_build_filename(tree, name, NULL);
		add_sources(argv, inner, original);
	}
	if (dir || !g_file_test(root, G_FILE_TEST_EXISTS))
		return;
	g_ptr_array_add(argv, g_strdup("-ex"));
	g_ptr_array_add(argv, g_strdup_printf("set substitute-path %s %s", tree, root));
}

bool debugger_gdb(Session *session, int vcpu, GError **error)
{
	const Kernel *kernel = session->kernel;
	g_auto(GStrv) roots = kernel_source_roots(kernel->dir, kernel->tree);
	g_autofree char *vmlinux = kernel_file(kernel, "vmlinux");
	g_autofree char *module = kernel_file(kernel, "racerig_kfuncs.ko");
	g_autofree char *init = paths_guest("init");
	g_autofree char *add_module = g_strdup_printf(
		"add-symbol-file %s %#" G_GINT64_MODIFIER "x", module,
		(guint64)session->guest->report.module_text);
	g_autofree char *add_init = g_strdup_printf("add-symbol-file %s -o 0", init);
	g_autofree char *connect =
		g_strdup_printf("target remote | cat <&%d & exec cat >&%d", FD_STUB, FD_STUB);
	g_autofree char *select = g_strdup_printf("thread %d", vcpu + 1);
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	const char *before[] = { "gdb", "-q", "-iex", "set confirm off",
				 "-iex", "set debuginfod enabled off",
				 "-ex", add_module, "-ex", add_init };
	/* The others stand still, as they did all the time. */
	const char *after[] = { "-ex", connect, "-ex", "set scheduler-locking on",
				"-ex", select, "-ex", "x/i $pc", vmlinux, NULL };

	for (gsize i = 0; i < G_N_ELEMENTS(before); i++)
		g_ptr_array_add(argv, g_strdup(before[i]));
	/* For gdb the last rule about a file counts.  The tree itself needs none. */
	for (int i = g_strv_length(roots) - 1; i-- > 0;)
		add_sources(argv, roots[i], kernel->tree);
	for (gsize i = 0; i < G_N_ELEMENTS(after); i++)
		g_ptr_array_add(argv, g_strdup(after[i]));
	int stub = machine_hand_over(session->guest->machine, error);
	if (stub < 0)
		return false;
	if (run((const char *const *)argv->pdata, stub, session->cancel, error))
		return true;
	g_prefix_error(error, "gdb (package gdb): ");
	return false;
}

bool debugger_drgn(Session *session, const char *qmp, GError **error)
{
	g_autofree char *python = paths_python();
	g_autofree char *prompt = paths_in_data("analysis/tools/prompt.py");
	g_autofree char *vmlinux = kernel_file(session->kernel, "vmlinux");
	const char *argv[] = { python, prompt, "--qmp", qmp, "--vmlinux", vmlinux, NULL };

	if (run(argv, -1, session->cancel, error))
		return true;
	g_prefix_error(error, "drgn (make setup installs it): ");
	return false;
}
