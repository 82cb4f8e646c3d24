// SPDX-License-Identifier: GPL-2.0-only
/*
 * The source lines that events point at, with a few around them: sources.json of
 * a run folder, so that the folder can be read where the kernel tree is not.
 *
 *	{"racerig-sources":1,"files":{"kernel/bpf/arena.c":{"245":"…",…},…}}
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

enum { SOURCE_AROUND = 6 };

typedef struct SourceText SourceText;

/* Empty. */
SourceText *source_text_new(void);
void source_text_free(SourceText *text);

/*
 * Add those of @line ("kernel/bpf/arena.c:245") from the first of @roots that has the file;
 * a module of ours is named "racerig/…" and lies in @module.
 */
void source_text_add(SourceText *text, const char *line, char **roots, const char *module);

/* The text @by lines behind @line (before it: negative); NULL: not known. */
const char *source_text_line(const SourceText *text, const char *line, int by);

char *source_text_json(const SourceText *text);

/* NULL: not what source_text_json() writes. */
SourceText *source_text_parse(const char *json);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SourceText, source_text_free)
