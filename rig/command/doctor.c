// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "arch/arch.h"
#include "config.h"
#include "explore/session.h"
#include "machine/backend.h"
#include "util/error.h"
#include "util/paths.h"

static char *opt_kernel = "stock", *opt_scenario = "fault-vs-alloc";

static const GOptionEntry entries[] = {
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Whose controls are run (stock)", "K" },
	{ "scenario", 's', 0, G_OPTION_ARG_STRING, &opt_scenario, "… in this scenario (fault-vs-alloc)",
	  "S" },
	COMMAND_CONNECT,
	{ NULL },
};

/* What a build of a kernel starts. */
static const char *const tools[] = { "gcc",   "make", "flex",  "bison", "bc", "pahole",
				     "rsync", "cpio", "patch", "git",	NULL };

/* One line; @fix is what to do, where it is not well. */
static gboolean say(gboolean well, const char *what, const char *is, const char *fix)
{
	g_print("%-4s %-11s %s%s%s\n", well ? "ok" : "BAD", what, is, well ? "" : "; ", well ? "" : fix);
	return well;
}

static gboolean check_data(void)
{
	g_autofree char *init = paths_guest("init.cpio");

	return say(access(init, R_OK) == 0, "data", paths_data(), "its guest is not built: run make");
}

static gboolean check_cache(void)
{
	enum { NEEDED_GIB = 8 };
	g_autofree char *path = paths_in_cache("");
	struct statvfs space;

	g_mkdir_with_parents(path, 0755);
	if (access(path, W_OK) != 0 || statvfs(path, &space) != 0) {
		g_autofree char *is = g_strdup_printf("%s: %s", path, g_strerror(errno));

		return say(FALSE, "cache", is, "set XDG_CACHE_HOME to a folder of yours");
	}
	guint64 left = (guint64)space.f_bavail * space.f_frsize >> 30;
	g_autofree char *is = g_strdup_printf("%s, %" G_GUINT64_FORMAT " GiB free", path, left);
	return say(left >= NEEDED_GIB, "cache", is,
		   "a kernel takes 8 GiB to build: racerig cache --prune");
}

static gboolean check_tools(void)
{
	g_autoptr(GString) missing = g_string_new(NULL);

	for (const char *const *tool = tools; *tool; tool++) {
		g_autofree char *found = g_find_program_in_path(*tool);

		if (!found)
			g_string_append_printf(missing, " %s", *tool);
	}
	return say(!missing->len, "build tools", missing->len ? missing->str + 1 : "all there",
		   "not here; ./configure of a checkout names their packages");
}

static gboolean check_python(void)
{
	g_autofree char *python = paths_python();
	const char *argv[] = { python, "-c", "import drgn; print(drgn.__version__)", NULL };
	g_autofree char *out = NULL, *errors = NULL;
	int status = 0;

	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &errors, &status,
			  NULL) || status)
		return say(FALSE, "drgn", python, "run racerig setup");
	g_autofree char *is = g_strdup_printf("%s in %s", g_strchomp(out), python);
	return say(TRUE, "drgn", is, "");
}

static gboolean check_emulator(void)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *identity = backend_emulator_identity(command_connect, paths_qemu(), &local);

	/* Its version, then its licence and its file's sum. */
	if (identity)
		identity[strcspn(identity, "\n")] = '\0';
	g_autofree char *remedy = g_strdup_printf("install %s, or name one with --qemu", ARCH.emulator);
	return say(identity != NULL, "emulator", identity ? identity : local->message, remedy);
}

/* Not needed: explorations are TCG's. */
static void tell_of_kvm(void)
{
	gboolean there = access("/dev/kvm", R_OK | W_OK) == 0;

	g_print("%-4s %-11s %s\n", "-", "KVM", there ? "there; explorations do without"
						      : "not here; explorations do without");
}

/* A guest of it, and whether what the rig relies on is reported. */
static gboolean check_controls(const Kernel *kernel, GCancellable *cancel)
{
	g_autoptr(GError) local = NULL;
	g_autoptr(GString) seen = g_string_new(NULL);
	g_autoptr(Session) session =
		session_new(opt_scenario, kernel->name, command_connect, cancel, &local);

	if (session)
		session->anew = true;
	if (!session || !session_prepare(session, &local))
		return say(FALSE, "controls", local->message, "no verdict can rest on that");
	for (int i = 0; i < CONTROL_KINDS; i++)
		if (session->controls.seen[i])
			g_string_append_printf(seen, "%s%s %u", seen->len ? ", " : "", control_name(i),
					       session->controls.seen[i]);
	return say(seen->len > 0, "controls", seen->len ? seen->str : "none", "nothing was asked");
}

int command_doctor(int argc, char **argv, GCancellable *cancel, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (!command_parse(&argc, &argv, entries, NULL, 0,
			   "What is here and what is missing, and whether the rig sees what it relies on; "
			   "explores nothing.", error))
		return EXIT_BROKEN;
	g_print("racerig %s\n", RACERIG_VERSION);
	gboolean well = check_data();
	well = check_cache() && well;
	well = check_tools() && well;
	well = check_python() && well;
	well = check_emulator() && well;
	tell_of_kvm();
	g_autoptr(Kernel) kernel = kernel_find(opt_kernel, &local);
	g_autofree char *built = kernel ? g_strdup_printf("%s %s, build %s", kernel->name, kernel->release,
							  kernel->key) : NULL;
	well = say(kernel != NULL, "kernel", kernel ? built : local->message, "nothing to boot") && well;
	/* Each of the others would only be told of once more. */
	well = well && check_controls(kernel, cancel);
	return well ? EXIT_EXPECTED : EXIT_UNEXPECTED;
}
