// SPDX-License-Identifier: GPL-2.0-only
#include "util/paths.h"

#include "config.h"

const char *paths_data(void)
{
	static char *data;

	if (data)
		return data;
	const char *env = g_getenv("RACERIG_DATA");
	if (env)
		return data = g_strdup(env);

	/* build/racerig in a checkout finds its data beside build/. */
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *build = self ? g_path_get_dirname(self) : g_strdup(".");
	g_autofree char *top = g_path_get_dirname(build);
	g_autofree char *probe = g_build_filename(top, "guest-kernel", "kernels", NULL);
	if (g_file_test(probe, G_FILE_TEST_IS_DIR))
		return data = g_steal_pointer(&top);
	return data = g_strdup(RACERIG_DATADIR);
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
