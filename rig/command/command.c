// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <string.h>

#include "catalog/invariant.h"
#include "machine/backend.h"
#include "util/error.h"
#include "util/name.h"
#include "util/paths.h"

char *command_connect;

gboolean command_set_qemu(const char *option, const char *file, gpointer data, GError **error)
{
	(void)option, (void)data, (void)error;
	/* Whom we start inherits it.  No other thread reads the environment yet. */
	g_setenv("RACERIG_QEMU", file, TRUE);
	return TRUE;
}

gboolean command_check_qemu(GError **error)
{
	g_autofree char *identity = backend_emulator_identity(command_connect, paths_qemu(), error);

	return identity != NULL;
}

gboolean command_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *arguments,
		       int n, const char *summary, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(arguments);
	g_autofree char *name = g_strdup_printf("racerig %s", (*argv)[0]);
	g_autoptr(GError) local = NULL;

	g_set_prgname(name);
	g_option_context_set_summary(context, summary);
	if (entries)
		g_option_context_add_main_entries(context, entries, NULL);
	if (g_option_context_parse(context, argc, argv, &local) &&
	    (n == COMMAND_ANY || (n == COMMAND_SOME ? *argc > 1 : *argc == n + 1)))
		return TRUE;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s (racerig %s --help)",
		    local ? local->message : n ? "an argument is missing or too many"
				: "it takes no arguments",
		    (*argv)[0]);
	return FALSE;
}

gboolean command_duration(const char *text, double *ret, GError **error)
{
	char *end;
	double value = g_ascii_strtod(text, &end);
	double unit = *end == 'm' ? 60 : *end == 'h' ? 3600 : 1;

	*ret = value * unit;
	if (end != text && value > 0 && (!*end || (strchr("smh", *end) && !end[1])))
		return TRUE;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "--max-time '%s': write 90s, 15m or 2h", text);
	return FALSE;
}

gboolean command_bad(GError **error, const char *option, const char *value, const char *fix)
{
	g_autofree char *shown = name_shown(value);

	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s %s: %s", option, shown, fix);
	return FALSE;
}

gboolean command_bad_number(GError **error, const char *option, int value, const char *fix)
{
	g_autofree char *text = g_strdup_printf("%d", value);

	return command_bad(error, option, text, fix);
}

int command_table_code(const Table *table)
{
	TableCounts counts = table_count(table);

	if (counts.broken)
		return EXIT_BROKEN;
	if (counts.unexpected || counts.inconclusive || counts.not_run)
		return EXIT_UNEXPECTED;
	return counts.pairs && counts.skipped == counts.pairs ? EXIT_SKIPPED : EXIT_EXPECTED;
}

gboolean command_invariant(const char *option, const char *id, GError **error)
{
	g_autofree char *shown = id ? name_shown(id) : NULL;
	g_autoptr(GString) known = g_string_new(NULL);
	const Invariant *const *invariants;
	gsize n;

	if (!id || invariant_exists(id))
		return TRUE;
	invariants = invariant_list(&n);
	for (gsize i = 0; i < n; i++)
		g_string_append_printf(known, " %s", invariants[i]->id);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s '%s': no such invariant (there are:%s)", option,
		    shown, known->str);
	return FALSE;
}
