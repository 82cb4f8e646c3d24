// SPDX-License-Identifier: GPL-2.0-only
#include "machine/stop.h"

#include <string.h>

#include "util/error.h"

bool stop_parse(const char *text, int vcpus, Stop *ret, GError **error)
{
	const char *thread = strstr(text, "thread:p01."), *watch = strstr(text, "watch:");

	*ret = (Stop){ .kind = STOP_BREAK };
	if (text[0] == 'W' || text[0] == 'X' || g_str_has_prefix(text, "T03")) {
		ret->kind = STOP_SHUTDOWN;
		return true;
	}
	guint64 number = thread ? g_ascii_strtoull(thread + strlen("thread:p01."), NULL, 16) : 0;
	if (text[0] != 'T' || number < 1 || number > (guint64)vcpus) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "gdbstub: odd stop '%.60s'", text);
		return false;
	}
	ret->vcpu = number - 1;
	if (watch) {
		ret->kind = STOP_WATCH;
		ret->watch = g_ascii_strtoull(watch + strlen("watch:"), NULL, 16);
	}
	return true;
}
