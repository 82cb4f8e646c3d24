// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which lines and functions of the subject's source the hunt's schedules have come to, and which not:
 * the guide to the next verb.
 *
 * A line is what the compiler made instructions of.  One is reached when any of its instructions is
 * (machine/code-log.h).
 */
#pragma once

#include "catalog/kernel.h"

typedef struct {
	char *file;		/* "kernel/bpf/arena.c", relative to the tree */
	GArray *lines;		/* of CoverLine, in order, each once */
	GArray *functions;	/* of CoverFunction, by line */
	guint reached;		/* of both together with those below */
	guint functions_reached;
} CoverFile;

typedef struct {
	int line;
	bool reached;
} CoverLine;

typedef struct {
	const char *name;	/* interned */
	int line;
	bool reached;
} CoverFunction;

typedef struct {
	GPtrArray *files;	/* of CoverFile */
	char **roots;		/* of the kernel's source, where it is */
} Cover;

/* The ranges of the subject's code in @kernel, as MachineCode has them; the caller's. */
char *cover_ranges(const Kernel *kernel, GError **error);

/* What is there in @kernel, and what of it the addresses in @ran (a set of guint64 *) are. */
Cover *cover_new(const Kernel *kernel, GHashTable *ran, GError **error);
void cover_free(Cover *cover);

/* coverage.json, and the page; the caller's. */
char *cover_json(const Cover *cover);
char *cover_html(const Cover *cover, const char *kernel);

/* "kernel/bpf/arena.c: 31 of 38 functions, 612 of 700 lines"; the caller's. */
char *cover_file_text(const CoverFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cover, cover_free)
