// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that the rig starts.  They get SIGKILL when the rig ends, however it ends, and they
 * are in a group of their own: a Ctrl-C is for the rig, which then ends them itself.
 *
 * The kernel sends that signal when the *thread* that started a program ends
 * (PR_SET_PDEATHSIG), so one thread, which never ends, starts them all.  They stay on the CPUs
 * of whoever asked.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/* What is asked of the child besides; called in it before the program runs. */
typedef struct {
	void (*func)(gpointer data);	/* async-signal-safe; NULL: nothing */
	gpointer data;
} ChildSetup;

/* No @argv[0] is looked for but in the PATH.  The caller's. */
GSubprocess *child_start(GSubprocessLauncher *launcher, const char *const *argv,
			 const ChildSetup *setup, GError **error);

/* Kill it if it still runs, wait for its end, and drop it.  NULL is fine. */
void child_end(GSubprocess *child);

/*
 * Run @argv to its end, and kill it after @seconds (0: no limit), an error; what it says
 * on stdout is *@ret_out, on stderr *@ret_errors (NULL: dropped); both end in a NUL and are
 * the caller's.  @ret_status as of waitpid().
 */
bool child_run(const char *const *argv, int seconds, char **ret_out, char **ret_errors,
	       int *ret_status, GError **error);
