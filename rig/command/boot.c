// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "explore/session.h"
#include "explore/snapshot.h"
#include "util/error.h"

static char *opt_kernel, *opt_qmp;

static const GOptionEntry entries[] = {
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Kernel to run (stock)", "K" },
	{ "qmp", 0, 0, G_OPTION_ARG_FILENAME, &opt_qmp, "Where QEMU listens (racerig.qmp)", "SOCKET" },
	COMMAND_CONNECT,
	{ NULL },
};

/*
 * QEMU removes what is there before it listens: only a socket that nobody listens at any
 * more may go.
 */
static bool may_listen(const char *path, GError **error)
{
	struct stat st;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *what = "is there already, and no socket";

	if (lstat(path, &st))
		return true;
	if (S_ISSOCK(st.st_mode)) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool fits = g_strlcpy(to.sun_path, path, sizeof(to.sun_path)) < sizeof(to.sun_path);
		bool dead = fd >= 0 && fits && connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
			    errno == ECONNREFUSED;

		if (fd >= 0)
			close(fd);
		if (dead)
			return true;
		what = "is somebody else's socket";
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--qmp %s: it %s; give another name", path, what);
	return false;
}

/* If it is what QEMU made. */
static void remove_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		g_unlink(path);
}

int command_boot(int argc, char **argv, GCancellable *cancel, GError **error)
{
	if (!command_parse(&argc, &argv, entries, "SCENARIO", 1,
			   "Park a scenario's guest and keep it until Ctrl-C.", error))
		return EXIT_BROKEN;
	const char *qmp = opt_qmp ? opt_qmp : "racerig.qmp";
	g_autoptr(Scenario) scenario = may_listen(qmp, error) ? scenario_find(argv[1], error) : NULL;
	g_autoptr(Kernel) kernel =
		scenario ? kernel_find(opt_kernel ? opt_kernel : "stock", error) : NULL;
	g_autoptr(GuestSpec) spec =
		kernel ? session_guest_spec(kernel, scenario, command_connect, error) : NULL;
	if (!spec)
		return EXIT_BROKEN;
	spec->qmp = g_strdup(qmp);
	g_autoptr(Guest) guest = guest_new(spec, cancel, error);
	if (!guest)
		return EXIT_BROKEN;
	/* QEMU serves one QMP client at a time: leave the socket to the user's. */
	g_clear_pointer(&guest->analyst, analyst_free);
	g_print("parked; look at it with\n  analysis/tools/arena.py --qmp %s --vmlinux %s\n"
		"Ctrl-C ends it\n", qmp, spec->vmlinux);

	GPollFD poll;
	while (!g_cancellable_is_cancelled(cancel) && g_cancellable_make_pollfd(cancel, &poll)) {
		g_poll(&poll, 1, -1);
		g_cancellable_release_fd(cancel);
	}
	remove_socket(qmp);
	return EXIT_EXPECTED;
}
