// SPDX-License-Identifier: GPL-2.0-only
#include "suite/pack.h"

#include <string.h>

#include "command/command.h"
#include "suite/park.h"
#include "util/name.h"

static char *opt_group = "full", *opt_out = "racerig.pack", *opt_address;
static char **opt_scenarios, **opt_kernels;
static gboolean opt_require_built;

#define GROUP_ENTRY \
	{ "group", 'g', 0, G_OPTION_ARG_STRING, &opt_group, "quick, full (the default) or mutants", "G" }
#define SCENARIO_ENTRY \
	{ "scenario", 's', 0, G_OPTION_ARG_STRING_ARRAY, &opt_scenarios, \
	  "Only this scenario; may be given again", "S" }

static void tell(const Pair *pair, const char *snapshot, bool made, gpointer data)
{
	(void)data;
	g_print("%s  %s on %s%s\n", snapshot, pair->scenario->name, pair->kernel->name,
		made ? "" : " (there)");
}

int command_park(int argc, char **argv, GCancellable *cancel, GError **error)
{
	static const GOptionEntry entries[] = {
		GROUP_ENTRY, SCENARIO_ENTRY,
		{ "kernel", 'k', 0, G_OPTION_ARG_STRING_ARRAY, &opt_kernels,
		  "Only this kernel, or one of your own; may be given again", "K" },
		{ "require-built", 0, 0, G_OPTION_ARG_NONE, &opt_require_built,
		  "A kernel that is not built is an error; without this it is left out", NULL },
		COMMAND_CONNECT,
		{ NULL },
	};

	if (!command_parse(&argc, &argv, entries, NULL, 0,
			   "Make the snapshots that a suite starts from, and run nothing.", error) ||
	    !command_check_qemu(error))
		return EXIT_BROKEN;
	g_autoptr(Selection) selection = selection_new(opt_group, opt_scenarios, opt_kernels, error);
	if (!selection || !park_all(selection, command_connect, opt_require_built, cancel, tell, NULL,
				    NULL, error))
		return EXIT_BROKEN;
	return EXIT_EXPECTED;
}

static void print_pack(const Manifest *manifest, const char *address, const char *path)
{
	guint64 bytes = 0;
	guint snapshots = 0;

	for (guint i = 0; i < manifest->files->len; i++) {
		const PackFile *file = g_ptr_array_index(manifest->files, i);

		bytes += file->size;
		snapshots += g_str_has_prefix(file->path, "snapshots/");
	}
	for (guint i = 0; i < manifest->kernels->len; i++) {
		const PackKernel *kernel = g_ptr_array_index(manifest->kernels, i);

		g_print("kernel     %s %s\n", kernel->name, kernel->key);
	}
	g_autofree char *emulator = g_strndup(manifest->emulator, strcspn(manifest->emulator, "\n"));
	g_autofree char *shown = name_shown(emulator);
	g_print("snapshots  %u, of %s\nfiles      %u, %" G_GUINT64_FORMAT " MiB\n", snapshots, shown,
		manifest->files->len, bytes >> 20);
	g_print("pack       %s\nfile       %s\n", address, path);
}

int command_pack(int argc, char **argv, GCancellable *cancel, GError **error)
{
	static const GOptionEntry entries[] = {
		{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "The file (racerig.pack)", "FILE" },
		GROUP_ENTRY, SCENARIO_ENTRY,
		COMMAND_QEMU,
		{ NULL },
	};
	g_autoptr(Manifest) manifest = NULL;
	g_autofree char *address = NULL;

	if (!command_parse(&argc, &argv, entries, "[KERNEL…]", COMMAND_ANY,
			   "Put kernels, their guest and their snapshots into one file for another machine.",
			   error) ||
	    !command_check_qemu(error))
		return EXIT_BROKEN;
	/* Without names all that the group has, and that is built. */
	char **kernels = argc > 1 ? argv + 1 : NULL;
	g_autoptr(Selection) selection = selection_new(opt_group, opt_scenarios, kernels, error);
	if (!selection || !pack_write(selection, opt_out, cancel, &manifest, &address, error))
		return EXIT_BROKEN;
	print_pack(manifest, address, opt_out);
	return EXIT_EXPECTED;
}

int command_unpack(int argc, char **argv, GCancellable *cancel, GError **error)
{
	static const GOptionEntry entries[] = {
		{ "pack", 0, 0, G_OPTION_ARG_STRING, &opt_address,
		  "Only this one: what racerig pack printed", "SHA256" },
		{ NULL },
	};
	g_autoptr(Manifest) manifest = NULL;
	g_autofree char *address = NULL;

	if (!command_parse(&argc, &argv, entries, "FILE", 1,
			   "Put what racerig pack wrote into the cache; all of it is checked first.",
			   error) ||
	    !pack_read(argv[1], opt_address, cancel, &manifest, &address, error))
		return EXIT_BROKEN;
	print_pack(manifest, address, argv[1]);
	return EXIT_EXPECTED;
}
