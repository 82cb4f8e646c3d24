// SPDX-License-Identifier: GPL-2.0-only
#include "util/paths.h"

#include <stdbool.h>

#include "config.h"

/* @relative to the folder two above the program: build/racerig's, or bin/racerig's. */
static char *beside_program(const char *relative)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self ? g_path_get_dirname(self) : g_strdup(".");
	g_autofree char *top = g_path_get_dirname(folder);

	return g_build_filename(top, relative, NULL);
}

static bool has_kernels(const char *folder)
{
	g_autofree char *probe = g_build_filename(folder, "guest-kernel", "kernels", NULL);

	return g_file_test(probe, G_FILE_TEST_IS_DIR);
}

const char *paths_data(void)
{
	static char *data;

	if (data)
		return data;
	const char *env = g_getenv("RACERIG_DATA");
	if (env)
		return data = g_strdup(env);

	/* In a checkout, or installed, wherever that is by now. */
	g_autofree char *top = beside_program("");
	g_autofree char *share = beside_program("share/racerig");
	if (has_kernels(top))
		return data = g_steal_pointer(&top);
	if (has_kernels(share))
		return data = g_steal_pointer(&share);
	return data = g_strdup(RACERIG_DATADIR);
}

char *paths_guest(const char *name)
{
	g_autofree char *built = g_build_filename(paths_data(), "build", "guest", NULL);

	/* Installed it is apart from the data: it is of one architecture. */
	return g_file_test(built, G_FILE_TEST_IS_DIR) ? g_build_filename(built, name, NULL)
						     : g_build_filename(paths_data(), "..", "..", "lib",
									"racerig", "guest", name, NULL);
}

char *paths_in_data(const char *relative)
{
	return g_build_filename(paths_data(), relative, NULL);
}

char *paths_in_cache(const char *relative)
{
	return g_build_filename(g_get_user_cache_dir(), "racerig", relative, NULL);
}

char *paths_python(void)
{
	const char *env = g_getenv("RACERIG_PYTHON");

	return env ? g_strdup(env) : paths_in_cache("venv/bin/python");
}

const char *paths_qemu(void)
{
	const char *env = g_getenv("RACERIG_QEMU");

	return env && *env ? env : NULL;
}
