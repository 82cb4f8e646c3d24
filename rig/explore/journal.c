// SPDX-License-Identifier: GPL-2.0-only
#include "explore/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/file.h"
#include "util/name.h"

/* Where in the file the text of an outcome is. */
typedef struct {
	off_t at;
	gsize len;
} Span;

struct Journal {
	char *path;
	FILE *file;		/* written */
	FILE *before;		/* what was there when it was opened, to be read; or NULL */
	GHashTable *lines;	/* plan key -> Span: the texts stay on the disk, there may be many */
};

static const char MAGIC[] = "racerig-journal 7";

static bool fail(const Journal *journal, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", journal->path, g_strerror(errno));
	return false;
}

static Journal *alloc_journal(const char *path)
{
	Journal *journal = g_new0(Journal, 1);

	journal->path = g_strdup(path);
	journal->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return journal;
}

void journal_free(Journal *journal)
{
	if (!journal)
		return;
	if (journal->file)
		fclose(journal->file);
	if (journal->before)
		fclose(journal->before);
	g_hash_table_unref(journal->lines);
	g_free(journal->path);
	g_free(journal);
}

Journal *journal_new(const char *path, const char *what, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal(path);

	journal->file = fopen(path, "we");
	if (!journal->file || fprintf(journal->file, "%s %s\n", MAGIC, what) < 0 ||
	    fflush(journal->file)) {
		fail(journal, error);
		return NULL;
	}
	return g_steal_pointer(&journal);
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

static void note_line(Journal *journal, const GString *line, off_t at)
{
	const char *tab = strchr(line->str, '\t');
	Span span;

	if (!tab)
		return;
	gsize key = tab - line->str;
	span = (Span){ at + key + 1, line->len - key - 1 };
	g_hash_table_replace(journal->lines, g_strndup(line->str, key), g_memdup2(&span, sizeof(span)));
}

/* Know the whole lines of the file; *@ret_first is the first one, and *@ret_whole how long they are. */
static bool read_lines(Journal *journal, char **ret_first, off_t *ret_whole, GError **error)
{
	int fd = file_open(journal->path, FILE_FOUND, error);
	g_autoptr(GString) line = g_string_new(NULL);
	off_t at = 0;

	if (fd < 0)
		return false;
	journal->before = fdopen(fd, "re");
	while (next_line(journal->before, line)) {
		if (strlen(line->str) != line->len) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
				    "%s: a zero byte is in it, and it is no text of racerig's",
				    journal->path);
			return false;
		}
		if (at == 0)
			*ret_first = g_strdup(line->str);
		note_line(journal, line, at);
		at += line->len + 1;
	}
	*ret_whole = at;
	if (!*ret_first)
		*ret_first = g_strdup("");
	return true;
}

bool journal_is_for(const char *path, const char *what)
{
	g_autofree char *expected = g_strdup_printf("%s %s\n", MAGIC, what);
	g_autofree char *there = g_malloc0(strlen(expected) + 1);
	int fd = file_open(path, FILE_FOUND, NULL);

	if (fd < 0)
		return false;
	bool same = pread(fd, there, strlen(expected), 0) == (ssize_t)strlen(expected) &&
		    strcmp(there, expected) == 0;
	close(fd);
	return same;
}

/* What a first line says that the journal is for; NULL: it is none of this version. */
static const char *what_of(const char *first)
{
	return g_str_has_prefix(first, MAGIC) && first[strlen(MAGIC)] == ' ' ? first + strlen(MAGIC) + 1
									      : NULL;
}

Journal *journal_resume(const char *path, const char *what, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal(path);
	g_autoptr(GError) local = NULL;
	g_autofree char *first = NULL;
	off_t whole;

	if (!read_lines(journal, &first, &whole, &local)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "nothing to resume (%s); explore without --resume", local->message);
		return NULL;
	}
	const char *made = what_of(first);
	if (g_strcmp0(made, what) != 0) {
		g_autofree char *shown = name_shown(made ? made : "");

		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s:1: made for '%s', this is '%s'; give the same options, or explore "
			    "without --resume", path, shown, what);
		return NULL;
	}
	journal->file = fopen(path, "r+e");
	if (!journal->file || ftruncate(fileno(journal->file), whole) ||
	    fseek(journal->file, 0, SEEK_END)) {
		fail(journal, error);
		return NULL;
	}
	return g_steal_pointer(&journal);
}

Journal *journal_load(const char *path, char **ret_what, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal(path);
	g_autofree char *first = NULL;
	off_t whole;

	if (!read_lines(journal, &first, &whole, error))
		return NULL;
	if (!what_of(first)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s:1: no journal of this version", path);
		return NULL;
	}
	*ret_what = g_strdup(what_of(first));
	return g_steal_pointer(&journal);
}

/* NULL: it is no outcome, or the file is another one by now. */
static Outcome *read_outcome(const Journal *journal, const Span *span)
{
	g_autofree char *text = g_malloc(span->len + 1);
	gsize done = 0;

	while (done < span->len) {
		ssize_t got = pread(fileno(journal->before), text + done, span->len - done, span->at + done);

		if (got <= 0)
			return NULL;
		done += got;
	}
	text[span->len] = '\0';
	return strlen(text) == span->len ? outcome_parse(text) : NULL;
}

GPtrArray *journal_outcomes(const char *path, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal(path);
	g_autoptr(GPtrArray) outcomes =
		g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	g_autofree char *first = NULL;
	GHashTableIter lines;
	gpointer span;
	off_t whole;

	if (!read_lines(journal, &first, &whole, error))
		return NULL;
	g_hash_table_iter_init(&lines, journal->lines);
	while (g_hash_table_iter_next(&lines, NULL, &span)) {
		Outcome *outcome = read_outcome(journal, span);

		if (outcome)
			g_ptr_array_add(outcomes, outcome);
	}
	return g_steal_pointer(&outcomes);
}

bool journal_add(Journal *journal, const char *key, const Outcome *outcome, GError **error)
{
	g_autofree char *text = outcome_format(outcome);

	if (fprintf(journal->file, "%s\t%s\n", key, text) < 0 || fflush(journal->file))
		return fail(journal, error);
	return true;
}

Outcome *journal_take(Journal *journal, const char *key)
{
	const Span *span = g_hash_table_lookup(journal->lines, key);
	Outcome *outcome = span ? read_outcome(journal, span) : NULL;

	g_hash_table_remove(journal->lines, key);
	return outcome;
}

guint journal_left(const Journal *journal)
{
	return g_hash_table_size(journal->lines);
}
