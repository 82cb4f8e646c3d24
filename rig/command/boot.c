// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <glib/gstdio.h>

#include "session.h"

static char *opt_kernel, *opt_qmp;

static const GOptionEntry entries[] = {
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Kernel to run (stock)", "K" },
	{ "qmp", 0, 0, G_OPTION_ARG_FILENAME, &opt_qmp, "Where QEMU listens (racerig.qmp)", "SOCKET" },
	COMMAND_CONNECT,
	{ NULL },
};

int command_boot(int argc, char **argv, GCancellable *cancel, GError **error)
{
	if (!command_parse(&argc, &argv, entries, "SCENARIO", 1,
			   "Park a scenario's guest and keep it until Ctrl-C.", error))
		return EXIT_BROKEN;
	const char *qmp = opt_qmp ? opt_qmp : "racerig.qmp";
	g_autoptr(Scenario) scenario = scenario_find(argv[1], error);
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
	g_unlink(qmp);
	return EXIT_EXPECTED;
}
