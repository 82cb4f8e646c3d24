// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scenario x kernel table: what the suite found, a row a pair.
 *
 * Rows are sorted by kernel kind, kernel and scenario, and hold nothing of a clock or
 * a host but what is marked so; suite.json leaves that out.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	char *scenario, *kernel;
	char *kind;		/* of the kernel */
	char *breaks;		/* what a mutant breaks; NULL: no mutant */
	char *expected;		/* as in Expectation */
	bool named;		/* the scenario names the kernel */
	char *known;		/* what the scenario expects of stock; NULL: nothing */
	char *verdict;		/* clean, documented, violation, inconclusive, "not run", skipped, error */
	char **invariants;	/* violated; never NULL */
	char **violated;	/* the same with the ways: "I7/read-old"; none in an older table */
	char *bound;		/* NULL: none */
	bool complete, as_expected;
	int executed;
	int redundant;		/* begun in vain; not in suite.json */
	guint64 pruned;
	char *skipped;		/* why; NULL: was not */
	char *error;		/* why the rig broke; NULL: did not */
	char *folder;		/* relative run folder; NULL: none */
	char *schedule;		/* the first that violates, or is documented, in the folder; or NULL */
	double wall_s;		/* host */
	char *log;		/* what the exploration printed; NULL: as expected, or nothing */
} TableRow;

typedef struct {
	int pairs, as_expected, unexpected, inconclusive, not_run, broken, skipped;
	gint64 schedules;
	int mutants, killed;
} TableCounts;

typedef struct {
	GPtrArray *rows;	/* of TableRow, owned */
	bool partial;		/* some pairs are run elsewhere: who survives is not known here */
} Table;

Table *table_new(void);
void table_free(Table *table);
TableRow *table_add(Table *table);	/* empty; the table's */
void table_sort(Table *table);
TableCounts table_count(const Table *table);

/* Whether a limit or an interrupt came before it was begun. */
bool table_row_is_not_run(const TableRow *row);

/* Fill @row from a verdict.json. */
bool table_row_read(TableRow *row, const char *path, GError **error);

/* suite.json, newline included, and back; the caller's. */
char *table_json(const Table *table);
Table *table_load(const char *path, GError **error);

/* The names of the mutants and whether each was caught by the invariant it breaks. */
GHashTable *table_mutants(const Table *table);

/*
 * A verdict in one word: clean, documented, I1, I6;I7, skipped, inconclusive, error, and
 * for mutants '-' where they do what stock does.  The caller's.
 */
char *table_cell(const TableRow *row);

/*
 * The invariants that were expected to be violated, and hold: NULL where none was, where it
 * was not explored to its end, or where that is no fix but a failure.  The caller's.
 */
char *table_fixed(const TableRow *row);

/* One sentence on what is not as expected, for a reader.  The caller's. */
char *table_reason(const TableRow *row);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)
