// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table seen as a grid, for eyes: scenarios x kernels, or mutants x scenarios.
 */
#pragma once

#include "report/table.h"

typedef struct {
	GPtrArray *lines, *columns;	/* names, owned */
	GHashTable *cells;		/* "line column" -> TableRow of the table */
	bool mutants;
} Grid;

/* @table must outlive it; NULL when there would be no line. */
Grid *grid_new(const Table *table, bool mutants);
void grid_free(Grid *grid);

/* What stands in a cell, '!' after it when it is not as expected.  The caller's. */
char *grid_cell(const Grid *grid, guint line, guint column);

/* As text in 80 columns where that is possible, with its legend; the caller's. */
char *grid_text(const Grid *grid);

/* A mark in a cell, and what it says. */
typedef struct {
	const char *mark, *meaning;
} GridMark;

enum { GRID_MARKS = 3 };

/* Those that the cells of @table hold, at most GRID_MARKS; how many. */
guint grid_legend(const Table *table, GridMark *ret);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Grid, grid_free)
