// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/paths.h"

/* analysis/setup does it all and says what it does. */
int command_setup(int argc, char **argv, GCancellable *cancel, GError **error)
{
	(void)cancel;
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		g_print("Usage: racerig setup [KERNEL]…\n\n"
			"Make the Python environment in the cache, and build the kernels named (stock).\n"
			"--no-kernel builds none: for trees of your own.\n");
		return EXIT_EXPECTED;
	}
	g_autofree char *setup = paths_in_data("analysis/setup");
	argv[0] = setup;
	execv(setup, argv);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", setup, g_strerror(errno));
	return EXIT_BROKEN;
}
