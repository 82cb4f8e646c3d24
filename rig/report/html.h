// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.html: one self-contained page, readable without scripts and without a network.
 *
 * The markup says everything; the style sheet and the script (rig/report/page/, built
 * into the rig) only arrange it.
 */
#pragma once

#include "report/run-data.h"
#include "report/table.h"

/* The page of a run; the caller's. */
char *html_run(const RunData *data);

/* The page of a suite: scenarios by kernels, mutants by scenarios. */
char *html_suite(const Table *table);

/* --- parts of pages --- */

/* Append, with every argument escaped. */
void html_add(GString *page, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Append @text where the console's own control characters may be in it. */
void html_add_text(GString *page, const char *text);

void html_begin(GString *page, const char *title);
void html_end(GString *page);

/* One saved schedule: its time-line, TLB strip and what lies behind each event. */
void html_case(GString *page, const RunData *data, const Case *one, bool open);

/* The exploration, to be opened node by node. */
void html_tree(GString *page, const RunData *data);
