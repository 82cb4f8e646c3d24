// SPDX-License-Identifier: GPL-2.0-only
#include "explore/journal.h"

#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/file.h"
#include "util/line-log.h"
#include "util/name.h"

/* Where in the file the text of an outcome is. */
typedef struct {
	off_t at;
	gsize len;
} Span;

struct Journal {
	LineLog *log;
	GHashTable *lines;	/* plan key -> Span: the texts stay on the disk, there may be many */
	char *first;		/* line of what was there */
};

static const char MAGIC[] = "racerig-journal 8";

static Journal *alloc_journal(void)
{
	Journal *journal = g_new0(Journal, 1);

	journal->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return journal;
}

void journal_free(Journal *journal)
{
	if (!journal)
		return;
	g_clear_pointer(&journal->log, line_log_free);
	g_hash_table_unref(journal->lines);
	g_free(journal->first);
	g_free(journal);
}

Journal *journal_new(const char *path, const char *what, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal();
	g_autofree char *first = g_strdup_printf("%s %s", MAGIC, what);

	journal->log = line_log_new(path, first, error);
	return journal->log ? g_steal_pointer(&journal) : NULL;
}

static bool note_line(const GString *line, guint number, off_t at, gpointer data, GError **error)
{
	Journal *journal = data;
	const char *tab = strchr(line->str, '\t');
	Span span;

	(void)error;
	if (number == 1)
		journal->first = g_strdup(line->str);
	if (!tab)
		return true;
	gsize key = tab - line->str;
	span = (Span){ at + key + 1, line->len - key - 1 };
	g_hash_table_replace(journal->lines, g_strndup(line->str, key), g_memdup2(&span, sizeof(span)));
	return true;
}

/* Know the whole lines of the file. */
static bool load(Journal *journal, const char *path, GError **error)
{
	journal->log = line_log_load(path, note_line, journal, error);
	return journal->log != NULL;
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

/* What its first line says that it is for; NULL: it is none of this version. */
static const char *what_of(const Journal *journal)
{
	const char *rest = journal->first ? journal->first + strlen(MAGIC) : NULL;

	return rest && g_str_has_prefix(journal->first, MAGIC) && *rest == ' ' ? rest + 1 : NULL;
}

Journal *journal_resume(const char *path, const char *what, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal();
	g_autoptr(GError) local = NULL;

	if (!load(journal, path, &local)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "nothing to resume (%s); explore without --resume", local->message);
		return NULL;
	}
	const char *made = what_of(journal);
	if (g_strcmp0(made, what) != 0) {
		g_autofree char *shown = name_shown(made ? made : "");

		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s:1: made for '%s', this is '%s'; give the same options, or explore "
			    "without --resume", path, shown, what);
		return NULL;
	}
	return line_log_continue(journal->log, error) ? g_steal_pointer(&journal) : NULL;
}

Journal *journal_load(const char *path, char **ret_what, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal();

	if (!load(journal, path, error))
		return NULL;
	if (!what_of(journal)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s:1: no journal of this version", path);
		return NULL;
	}
	*ret_what = g_strdup(what_of(journal));
	return g_steal_pointer(&journal);
}

/* NULL: it is no outcome, or the file is another one by now. */
static Outcome *read_outcome(const Journal *journal, const Span *span)
{
	g_autofree char *text = line_log_text(journal->log, span->at, span->len);

	return text ? outcome_parse(text) : NULL;
}

GPtrArray *journal_outcomes(const char *path, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal();
	g_autoptr(GPtrArray) outcomes =
		g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	GHashTableIter lines;
	gpointer span;

	if (!load(journal, path, error))
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
	g_autofree char *line = g_strconcat(key, "\t", text, NULL);

	return line_log_add(journal->log, line, error);
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
