// SPDX-License-Identifier: GPL-2.0-only
#include "util/line-log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/file.h"

struct LineLog {
	char *path;
	FILE *file;		/* written; NULL: only read so far */
	FILE *before;		/* what was there when it was loaded; NULL: it is new */
	off_t whole;		/* bytes of whole lines in that */
};

static bool fail(const LineLog *log, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", log->path, g_strerror(errno));
	return false;
}

static LineLog *alloc_log(const char *path)
{
	LineLog *log = g_new0(LineLog, 1);

	log->path = g_strdup(path);
	return log;
}

void line_log_free(LineLog *log)
{
	if (!log)
		return;
	if (log->file)
		fclose(log->file);
	if (log->before)
		fclose(log->before);
	g_free(log->path);
	g_free(log);
}

LineLog *line_log_new(const char *path, const char *first, GError **error)
{
	g_autoptr(LineLog) log = alloc_log(path);

	log->file = fopen(path, "we");
	if (!log->file) {
		fail(log, error);
		return NULL;
	}
	return line_log_add(log, first, error) ? g_steal_pointer(&log) : NULL;
}

/* False: the rest is no whole line, or longer than any of ours. */
static bool next_line(FILE *file, GString *line)
{
	int c;

	g_string_truncate(line, 0);
	while ((c = getc_unlocked(file)) != EOF && line->len < FILE_MAX_BYTES) {
		if (c == '\n')
			return true;
		g_string_append_c(line, c);
	}
	return false;
}

LineLog *line_log_load(const char *path, LineLogFunc func, gpointer data, GError **error)
{
	g_autoptr(LineLog) log = alloc_log(path);
	g_autoptr(GString) line = g_string_new(NULL);
	int fd = file_open(path, FILE_FOUND, error);
	guint number = 0;

	if (fd < 0)
		return NULL;
	log->before = fdopen(fd, "re");
	while (next_line(log->before, line)) {
		if (strlen(line->str) != line->len) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
				    "%s: a zero byte is in it, and it is no text of racerig's", path);
			return NULL;
		}
		if (!func(line, ++number, log->whole, data, error))
			return NULL;
		log->whole += line->len + 1;
	}
	return g_steal_pointer(&log);
}

bool line_log_continue(LineLog *log, GError **error)
{
	log->file = fopen(log->path, "r+e");
	if (!log->file || ftruncate(fileno(log->file), log->whole) || fseek(log->file, 0, SEEK_END))
		return fail(log, error);
	return true;
}

bool line_log_add(LineLog *log, const char *line, GError **error)
{
	if (fprintf(log->file, "%s\n", line) < 0 || fflush(log->file))
		return fail(log, error);
	return true;
}

char *line_log_text(const LineLog *log, off_t at, gsize len)
{
	g_autofree char *text = g_malloc(len + 1);
	gsize done = 0;

	while (done < len) {
		ssize_t got = pread(fileno(log->before), text + done, len - done, at + done);

		if (got <= 0)
			return NULL;
		done += got;
	}
	text[len] = '\0';
	return strlen(text) == len ? g_steal_pointer(&text) : NULL;
}
