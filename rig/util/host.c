// SPDX-License-Identifier: GPL-2.0-only
#include "util/host.h"

#include <glib.h>
#include <sys/utsname.h>

const char *host_machine(void)
{
	struct utsname host;

	/* It fails for no reason but a bad pointer. */
	g_assert_cmpint(uname(&host), ==, 0);
	return g_intern_string(host.machine);
}
