// SPDX-License-Identifier: GPL-2.0-only
#include "machine/code-log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"

enum {
	LINE_MAX_LEN = 256,	/* what is longer is none of those below */
	COUNT_MASK = 0x1ff,	/* of a block's flags: how many instructions at most; 0: no limit */
};

struct CodeLog {
	MachineCode code;	/* .fd: QEMU's end */
	char *ranges;
	int fd, stop[2];	/* our end, and what ends the thread */
	GThread *thread;
	GMutex lock;		/* of what follows */
	char line[LINE_MAX_LEN];
	gsize len;		/* of the line that has begun */
	GHashTable *blocks;	/* first address -> GHashTable: all that a block from there has had */
	GHashTable *block;	/* the one that is being told */
	bool begins;		/* … and nothing of it has been told */
	GHashTable *ran;	/* set of guint64 * */
};

static GHashTable *addresses_new(void)
{
	return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static void add(GHashTable *addresses, guint64 addr)
{
	if (!g_hash_table_contains(addresses, &addr))
		g_hash_table_add(addresses, g_memdup2(&addr, sizeof(addr)));
}

/* The block that begins at @addr. */
static GHashTable *block_at(CodeLog *log, guint64 addr)
{
	GHashTable *block = g_hash_table_lookup(log->blocks, &addr);

	if (!block) {
		block = addresses_new();
		g_hash_table_insert(log->blocks, g_memdup2(&addr, sizeof(addr)), block);
	}
	return block;
}

static void take_instruction(CodeLog *log, const char *line)
{
	char *end;
	guint64 addr = g_ascii_strtoull(line, &end, 16);

	if (*end != ':')
		return;
	if (log->begins)
		log->block = block_at(log, addr);
	log->begins = false;
	if (log->block)
		add(log->block, addr);
}

/* "Trace CPU: WHERE [CS/ADDRESS/FLAGS/FLAGS] NAME" */
static void take_run(CodeLog *log, const char *line)
{
	const char *bracket = strchr(line, '[');
	const char *slash = bracket ? strchr(bracket, '/') : NULL;
	char *end = NULL;
	guint64 addr = slash ? g_ascii_strtoull(slash + 1, &end, 16) : 0;
	const char *flags = end && *end == '/' ? strchr(end + 1, '/') : NULL;
	GHashTableIter iter;
	gpointer each;

	if (!flags)
		return;
	add(log->ran, addr);
	if ((g_ascii_strtoull(flags + 1, NULL, 16) & COUNT_MASK) == 1)
		return;
	g_hash_table_iter_init(&iter, block_at(log, addr));
	while (g_hash_table_iter_next(&iter, &each, NULL))
		add(log->ran, *(guint64 *)each);
}

static void end_line(CodeLog *log)
{
	log->line[log->len] = '\0';
	log->len = 0;
	if (g_str_has_prefix(log->line, "0x")) {
		take_instruction(log, log->line);
		return;
	}
	log->block = NULL;
	log->begins = g_str_has_prefix(log->line, "IN:");
	if (g_str_has_prefix(log->line, "Trace "))
		take_run(log, log->line);
}

/* All that is there, under the lock. */
static void drain(CodeLog *log)
{
	char buffer[16384];
	ssize_t n;

	while ((n = read(log->fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (buffer[i] == '\n')
				end_line(log);
			else if (log->len < LINE_MAX_LEN - 1)
				log->line[log->len++] = buffer[i];
		}
}

/* QEMU waits where nobody reads. */
static gpointer read_on(gpointer data)
{
	CodeLog *log = data;
	struct pollfd fds[] = { { .fd = log->fd, .events = POLLIN },
				{ .fd = log->stop[0], .events = POLLIN } };

	while (poll(fds, G_N_ELEMENTS(fds), -1) >= 0 || errno == EINTR) {
		if (fds[1].revents)
			break;
		g_mutex_lock(&log->lock);
		drain(log);
		g_mutex_unlock(&log->lock);
	}
	return NULL;
}

CodeLog *code_log_new(const char *ranges, GError **error)
{
	int ends[2], stop[2];

	if (pipe2(ends, O_CLOEXEC)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "a pipe: %s", g_strerror(errno));
		return NULL;
	}
	if (pipe2(stop, O_CLOEXEC) || fcntl(ends[0], F_SETFL, O_NONBLOCK)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "a pipe: %s", g_strerror(errno));
		close(ends[0]);
		close(ends[1]);
		return NULL;
	}
	CodeLog *log = g_new0(CodeLog, 1);
	log->ranges = g_strdup(ranges);
	log->code = (MachineCode){ log->ranges, ends[1] };
	log->fd = ends[0];
	memcpy(log->stop, stop, sizeof(stop));
	log->blocks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
					    (GDestroyNotify)g_hash_table_unref);
	log->ran = addresses_new();
	g_mutex_init(&log->lock);
	log->thread = g_thread_new("code-log", read_on, log);
	return log;
}

void code_log_free(CodeLog *log)
{
	if (!log)
		return;
	close(log->stop[1]);
	g_thread_join(log->thread);
	close(log->stop[0]);
	close(log->code.fd);
	close(log->fd);
	g_hash_table_unref(log->blocks);
	g_hash_table_unref(log->ran);
	g_mutex_clear(&log->lock);
	g_free(log->ranges);
	g_free(log);
}

const MachineCode *code_log_code(const CodeLog *log)
{
	return &log->code;
}

GHashTable *code_log_take(CodeLog *log)
{
	GHashTable *ran;

	g_mutex_lock(&log->lock);
	drain(log);
	ran = log->ran;
	log->ran = addresses_new();
	g_mutex_unlock(&log->lock);
	return ran;
}

static int by_value(const void *a, const void *b)
{
	guint64 left = *(const guint64 *)a, right = *(const guint64 *)b;

	return left < right ? -1 : left > right;
}

guint64 *code_in_order(GHashTable *ran)
{
	guint64 *all = g_new(guint64, g_hash_table_size(ran) + 1);
	GHashTableIter iter;
	gpointer addr;
	guint n = 0;

	g_hash_table_iter_init(&iter, ran);
	while (g_hash_table_iter_next(&iter, &addr, NULL))
		all[n++] = *(guint64 *)addr;
	qsort(all, n, sizeof(*all), by_value);
	return all;
}
