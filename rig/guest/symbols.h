// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names and source lines of guest addresses, from DWARF (elfutils libdwfl).
 *
 * Several binaries in one space: vmlinux, the kfunc module at the address it
 * was loaded to, the guest's PID 1.  Strings returned are the caller's.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Symbols Symbols;

Symbols *symbols_new(void);
void symbols_free(Symbols *symbols);

/* @text: where the guest has .text of a relocatable file; 0 for an executable. */
bool symbols_add(Symbols *symbols, const char *path, guint64 text, GError **error);

/* 0 when there is none. */
guint64 symbols_address(Symbols *symbols, const char *name);

/* The function around @addr, or false. @ret_name is ours. */
bool symbols_function(Symbols *symbols, guint64 addr, const char **ret_name,
		      guint64 *ret_start, guint64 *ret_size);

/* "name+0x1f", or the bare address in hex. */
char *symbols_describe(Symbols *symbols, guint64 addr);

/* "kernel/bpf/arena.c:255" (relative to the kernel tree, outermost inlining), or NULL. */
char *symbols_line(Symbols *symbols, guint64 addr);

/* The file that was compiled into what is at @addr, relative to the tree; or NULL. */
char *symbols_unit(Symbols *symbols, guint64 addr);

/* The build ID of the file that has @addr, in hex; NULL: it has none.  The caller's. */
char *symbols_build_id(Symbols *symbols, guint64 addr);

/* Call @func with each function of the executables. */
typedef void (*SymbolsFunc)(const char *name, guint64 start, guint64 size, gpointer data);
void symbols_each_function(Symbols *symbols, SymbolsFunc func, gpointer data);

/* Call @func with each file that symbols_line() may name; with some of them more than once. */
typedef void (*SymbolsFileFunc)(const char *file, gpointer data);
void symbols_each_file(Symbols *symbols, SymbolsFileFunc func, gpointer data);

/*
 * Call @func with each row of the line table of compilation unit @unit ("kernel/bpf/arena.c") of the
 * executables: instructions from @start to before @end are of @file:@line, which may be a header's.
 */
typedef void (*SymbolsRowFunc)(guint64 start, guint64 end, const char *file, int line, gpointer data);
void symbols_each_row(Symbols *symbols, const char *unit, SymbolsRowFunc func, gpointer data);

/* The bytes of @addr as the file has them; false outside of it. */
bool symbols_text(Symbols *symbols, guint64 addr, void *buffer, gsize len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Symbols, symbols_free)
