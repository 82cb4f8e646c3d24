// SPDX-License-Identifier: GPL-2.0-only
#include "explore/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"
#include "util/file.h"

struct Journal {
	char *path;
	FILE *file;
	GHashTable *lines;	/* plan key -> outcome's text */
};

static const char MAGIC[] = "racerig-journal 6";

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

/* The whole lines of @text into the table; how many bytes they are. */
static gsize read_lines(Journal *journal, const char *text)
{
	const char *line = text;

	for (const char *end; (end = strchr(line, '\n')); line = end + 1) {
		g_autofree char *copy = g_strndup(line, end - line);
		char *tab = strchr(copy, '\t');

		if (!tab)
			continue;
		*tab = '\0';
		g_hash_table_replace(journal->lines, g_strdup(copy), g_strdup(tab + 1));
	}
	return line - text;
}

bool journal_is_for(const char *path, const char *what)
{
	g_autofree char *expected = g_strdup_printf("%s %s\n", MAGIC, what);
	g_autofree char *text = file_read(path, FILE_FOUND, FILE_MAX_BYTES, NULL, NULL);

	return text && g_str_has_prefix(text, expected);
}

Journal *journal_resume(const char *path, const char *what, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal(path);
	g_autofree char *expected = g_strdup_printf("%s %s\n", MAGIC, what);
	g_autoptr(GError) local = NULL;
	g_autofree char *text = file_read_text(path, FILE_FOUND, FILE_MAX_BYTES, &local);

	if (!text) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "nothing to resume (%s); explore without --resume", local->message);
		return NULL;
	}
	if (!g_str_has_prefix(text, expected)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s:1: made for '%.*s', this is '%s'; give the same options, or explore "
			    "without --resume", path,
			    (int)strcspn(text, "\n") - (int)MIN(strlen(MAGIC) + 1, strcspn(text, "\n")),
			    text + MIN(strlen(MAGIC) + 1, strcspn(text, "\n")), what);
		return NULL;
	}
	gsize whole = read_lines(journal, text);
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
	g_autofree char *magic = g_strconcat(MAGIC, " ", NULL);
	g_autofree char *text = file_read_text(path, FILE_FOUND, FILE_MAX_BYTES, error);

	if (!text)
		return NULL;
	if (!g_str_has_prefix(text, magic)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s:1: no journal of this version", path);
		return NULL;
	}
	read_lines(journal, text);
	*ret_what = g_strndup(text + strlen(magic), strcspn(text, "\n") - strlen(magic));
	return g_steal_pointer(&journal);
}

GPtrArray *journal_outcomes(const char *path, GError **error)
{
	g_autoptr(Journal) journal = alloc_journal(path);
	g_autoptr(GPtrArray) outcomes =
		g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	g_autofree char *text = file_read_text(path, FILE_FOUND, FILE_MAX_BYTES, error);
	GHashTableIter lines;
	gpointer line;

	if (!text)
		return NULL;
	read_lines(journal, text);
	g_hash_table_iter_init(&lines, journal->lines);
	while (g_hash_table_iter_next(&lines, NULL, &line)) {
		Outcome *outcome = outcome_parse(line);

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
	const char *text = g_hash_table_lookup(journal->lines, key);
	Outcome *outcome = text ? outcome_parse(text) : NULL;

	g_hash_table_remove(journal->lines, key);
	return outcome;
}

guint journal_left(const Journal *journal)
{
	return g_hash_table_size(journal->lines);
}
