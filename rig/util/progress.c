// SPDX-License-Identifier: GPL-2.0-only
#include "util/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { TERMINAL_USEC = 200000, PLAIN_USEC = 60 * 1000000 };

Progress progress_begin(void)
{
	return (Progress){ g_get_monotonic_time() };
}

gboolean progress_due(Progress *progress)
{
	gint64 now = g_get_monotonic_time();

	if (now - progress->shown < (isatty(STDERR_FILENO) ? TERMINAL_USEC : PLAIN_USEC))
		return FALSE;
	progress->shown = now;
	return TRUE;
}

/* A line that is wider could not be taken away again. */
static int columns(void)
{
	enum { USUAL = 80 };
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : USUAL;
}

void progress_show(const char *format, ...)
{
	enum { INDENT = 2 };
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (isatty(STDERR_FILENO))
		g_printerr("\r\033[K  %.*s", MAX(columns() - INDENT - 1, 1), text);
	else
		g_message("  %s", text);
}

void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		g_printerr("\r\033[K");
}
