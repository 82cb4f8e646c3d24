// SPDX-License-Identifier: GPL-2.0-only
/*
 * The addresses of the instructions that QEMU runs (MachineCode), read while it writes.
 *
 * It says what is in a block when it translates one, and which block when it runs one:
 *
 *	IN: arena_free_pages
 *	0xffffffff81171bb1:  90                       nop
 *	Trace 1: 0x7fefe4003f00 [0000000000000000/ffffffff81171bb1/0040c290/ff020201]
 *
 * So an instruction behind one that faulted is among them though it has not run.  Blocks are not chained,
 * since what is chained is run in silence.  QEMU may be replaced, the log stays.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "machine/spec.h"

typedef struct CodeLog CodeLog;

/* Of the code in @ranges. */
CodeLog *code_log_new(const char *ranges, GError **error);
void code_log_free(CodeLog *log);

/* For a machine's spec; the log's. */
const MachineCode *code_log_code(const CodeLog *log);

/* What has run since the last time, a set of guint64 *, the caller's.  QEMU must stand still. */
GHashTable *code_log_take(CodeLog *log);

/* The addresses of such a set in order, as many as it has; the caller's. */
guint64 *code_in_order(GHashTable *ran);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CodeLog, code_log_free)
