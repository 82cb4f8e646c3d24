// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/paths.h"

/* The build is guest-kernel/build's; it checks the arguments and says what is wrong. */
int command_kernel(int argc, char **argv, GCancellable *cancel, GError **error)
{
	(void)cancel;
	if (g_strcmp0(argv[argc - 1], "--help") == 0) {
		g_print("Usage: racerig kernel build NAME [--tree DIR] [--patch FILE]… "
			"[--config FRAGMENT]…\n"
			"                                 [--ram MIB] [--dry-run]\n"
			"       racerig kernel build NAME --image FILE --vmlinux FILE "
			"[--config FILE] [--headers DIR]\n\n"
			"Build a named kernel, or your own tree and patches under NAME; or take one\n"
			"that somebody else built, and build only the kfunc module for it.\n\n"
			"CC and LLVM in the environment choose the compiler, as kbuild takes them.\n"
			"--dry-run copies, patches and configures, and compiles nothing.\n");
		return EXIT_EXPECTED;
	}
	if (argc < 3 || strcmp(argv[1], "build") != 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "usage: racerig kernel build NAME [--tree DIR] [--patch FILE]… "
			    "(racerig kernel --help)");
		return EXIT_BROKEN;
	}
	g_autofree char *build = paths_in_data("guest-kernel/build");
	argv[1] = build;
	execv(build, argv + 1);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", build, g_strerror(errno));
	return EXIT_BROKEN;
}
