// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subcommands: each parses its own arguments and returns an exit code, or
 * sets @error (exit code 2, or 77 for RIG_ERROR_SKIP).
 */
#pragma once

#include <gio/gio.h>

#include "report/table.h"

enum { EXIT_EXPECTED = 0, EXIT_UNEXPECTED = 1, EXIT_BROKEN = 2, EXIT_SKIPPED = 77 };

typedef int (*CommandFunc)(int argc, char **argv, GCancellable *cancel, GError **error);

int command_boot(int argc, char **argv, GCancellable *cancel, GError **error);
int command_debug(int argc, char **argv, GCancellable *cancel, GError **error);
int command_cache(int argc, char **argv, GCancellable *cancel, GError **error);
int command_check(int argc, char **argv, GCancellable *cancel, GError **error);
int command_doctor(int argc, char **argv, GCancellable *cancel, GError **error);
int command_explain(int argc, char **argv, GCancellable *cancel, GError **error);
int command_explore(int argc, char **argv, GCancellable *cancel, GError **error);
int command_hash(int argc, char **argv, GCancellable *cancel, GError **error);
int command_hunt(int argc, char **argv, GCancellable *cancel, GError **error);
int command_kernel(int argc, char **argv, GCancellable *cancel, GError **error);
int command_list(int argc, char **argv, GCancellable *cancel, GError **error);
int command_merge(int argc, char **argv, GCancellable *cancel, GError **error);
int command_minimise(int argc, char **argv, GCancellable *cancel, GError **error);
int command_pack(int argc, char **argv, GCancellable *cancel, GError **error);
int command_park(int argc, char **argv, GCancellable *cancel, GError **error);
int command_replay(int argc, char **argv, GCancellable *cancel, GError **error);
int command_report(int argc, char **argv, GCancellable *cancel, GError **error);
int command_setup(int argc, char **argv, GCancellable *cancel, GError **error);
int command_slurm(int argc, char **argv, GCancellable *cancel, GError **error);
int command_stress(int argc, char **argv, GCancellable *cancel, GError **error);
int command_suite(int argc, char **argv, GCancellable *cancel, GError **error);
int command_trace(int argc, char **argv, GCancellable *cancel, GError **error);
int command_unpack(int argc, char **argv, GCancellable *cancel, GError **error);
int command_verify(int argc, char **argv, GCancellable *cancel, GError **error);

/* For the table of every command that starts a guest: with which QEMU.  Sets RACERIG_QEMU. */
gboolean command_set_qemu(const char *option, const char *file, gpointer data, GError **error);
#define COMMAND_QEMU \
	{ "qemu", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, command_set_qemu, \
	  "The emulator that runs the guest (RACERIG_QEMU, or the PATH's)", "FILE" }

/* Once, for whoever starts guests through others: that there is a QEMU. */
gboolean command_check_qemu(GError **error);

/* And where; NULL: QEMU is our child. */
extern char *command_connect;
#define COMMAND_CONNECT \
	COMMAND_QEMU, \
	{ "connect", 'c', 0, G_OPTION_ARG_STRING, &command_connect, \
	  "Have libvirt run the guest: qemu:///session, qemu:///system, qemu+ssh://HOST/…", "URI" }

/* One word or more, and any number. */
enum { COMMAND_SOME = -1, COMMAND_ANY = -2 };

/* Parse options; exactly @n arguments must remain, named by @arguments in the help. */
gboolean command_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *arguments,
		       int n, const char *summary, GError **error);

/* The seconds of --max-time: "90s", "15m", "2h" or plain seconds. */
gboolean command_duration(const char *text, double *ret, GError **error);

/* Whether there is an invariant @id, which @option has; NULL: none is asked for. */
gboolean command_invariant(const char *option, const char *id, GError **error);

/* FALSE, and that @value of @option is none: @fix says what to give. */
gboolean command_bad(GError **error, const char *option, const char *value, const char *fix);
gboolean command_bad_number(GError **error, const char *option, int value, const char *fix);

/* The exit code that a table means: the worst of its rows, or skipped when all are. */
int command_table_code(const Table *table);
