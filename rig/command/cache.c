// SPDX-License-Identifier: GPL-2.0-only
#include "explore/cache.h"

#include "command/command.h"
#include "util/paths.h"
#include "util/tree.h"

static gboolean opt_unused, opt_prune;

static const GOptionEntry entries[] = {
	{ "unused", 'u', 0, G_OPTION_ARG_NONE, &opt_unused,
	  "Find out what no kernel and scenario would use now", NULL },
	{ "prune", 0, 0, G_OPTION_ARG_NONE, &opt_prune, "Remove that", NULL },
	COMMAND_QEMU,
	{ NULL },
};

/* "26.5 GiB"; the caller's. */
static char *size_text(guint64 bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double size = bytes / 1024.0;
	gsize i = 0;

	for (; size >= 1024 && i + 1 < G_N_ELEMENTS(units); i++)
		size /= 1024;
	return g_strdup_printf("%.1f %s", size, units[i]);
}

static void print_area(const CacheArea *area, gboolean judged)
{
	g_autofree char *size = size_text(area->bytes), *unused = size_text(area->unused_bytes);

	g_print("  %-10s %12s %6u  ", area->name, size, area->entries);
	if (judged)
		g_print("%12s %6u  ", area->unused_bytes ? unused : "-", area->unused->len);
	g_print("%s\n", area->holds);
}

static gboolean prune(const GPtrArray *areas, GError **error)
{
	for (guint i = 0; i < areas->len; i++) {
		const CacheArea *area = g_ptr_array_index(areas, i);

		for (guint j = 0; j < area->unused->len; j++)
			if (!tree_remove(g_ptr_array_index(area->unused, j), error))
				return FALSE;
	}
	return TRUE;
}

int command_cache(int argc, char **argv, GCancellable *cancel, GError **error)
{
	g_autofree char *folder = paths_in_cache("");
	guint64 all = 0, unused = 0;

	(void)cancel;
	if (!command_parse(&argc, &argv, entries, NULL, 0,
			   "What is kept between runs: sizes and numbers.", error))
		return EXIT_BROKEN;
	gboolean judge = opt_unused || opt_prune;
	g_printerr(judge ? "adding up, and looking what is in use\n" : "adding up\n");
	g_autoptr(GPtrArray) areas = cache_areas(judge, error);
	if (!areas)
		return EXIT_BROKEN;
	g_print("%s\n  %-10s %12s %6s  %s\n", folder, "", "size", "number",
		judge ? "      unused number" : "");
	for (guint i = 0; i < areas->len; i++) {
		const CacheArea *area = g_ptr_array_index(areas, i);

		all += area->bytes;
		unused += area->unused_bytes;
		print_area(area, judge);
	}
	g_autofree char *total = size_text(all), *freed = size_text(unused);
	g_print("  %-10s %12s\n", "all", total);
	if (opt_prune) {
		if (!prune(areas, error))
			return EXIT_BROKEN;
		g_print("removed %s\n", freed);
	} else if (judge) {
		g_print("racerig cache --prune removes %s\n", freed);
	}
	return EXIT_EXPECTED;
}
