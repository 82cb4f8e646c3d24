// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/hunt.h"

#include <string.h>
#include <unistd.h>

#include "catalog/invariant.h"
#include "command/command.h"
#include "explore/folder.h"
#include "hunt/result.h"
#include "machine/backend.h"
#include "util/error.h"
#include "util/name.h"
#include "util/paths.h"

static char *opt_kernel, *opt_depth = "pairs", *opt_verbs, *opt_setup, *opt_stop_at, *opt_time, *opt_out;
static int opt_jobs = 1, opt_schedules = 500, opt_failures;
static gboolean opt_resume;

static const GOptionEntry entries[] = {
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Kernel to run (stock)", "K" },
	{ "depth", 0, 0, G_OPTION_ARG_STRING, &opt_depth,
	  "pairs (of two actors), or triples, which has the pairs, too (pairs)", "D" },
	{ "verbs", 0, 0, G_OPTION_ARG_STRING, &opt_verbs,
	  "Only these, as in alloc,free,read (racerig list --verbs)", "V,…" },
	{ "setup", 0, 0, G_OPTION_ARG_STRING, &opt_setup,
	  "Only from here, as in 'alloc 0; cpu1 read 0' (six states that are built in)", "TEXT" },
	{ "failures", 0, 0, G_OPTION_ARG_INT, &opt_failures,
	  "Up to F calls a schedule that may fail do (0; docs/failures.md)", "F" },
	{ "jobs", 'j', 0, G_OPTION_ARG_INT, &opt_jobs, "Guests side by side (1)", "J" },
	{ "max-schedules", 0, 0, G_OPTION_ARG_INT, &opt_schedules,
	  "Of one combination; beyond that at most two preemptions, and as many (500)", "N" },
	{ "max-time", 0, 0, G_OPTION_ARG_STRING, &opt_time, "Stop after 90s, 15m or 2h", "T" },
	{ "stop-at", 0, 0, G_OPTION_ARG_STRING, &opt_stop_at,
	  "Stop with the first schedule that violates this invariant", "INVARIANT" },
	{ "resume", 0, 0, G_OPTION_ARG_NONE, &opt_resume,
	  "Go on where an earlier hunt into the same folder was stopped", NULL },
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "Folder (racerig-runs/hunt-KERNEL)", "DIR" },
	COMMAND_CONNECT,
	{ NULL },
};

static gboolean bad(GError **error, const char *option, const char *value, const char *fix)
{
	g_autofree char *shown = name_shown(value);

	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s %s: %s", option, shown, fix);
	return FALSE;
}

static gboolean bad_number(GError **error, const char *option, int value, const char *fix)
{
	g_autofree char *text = g_strdup_printf("%d", value);

	return bad(error, option, text, fix);
}

static gboolean check_options(HuntScope *scope, GError **error)
{
	if (opt_jobs < 1 || opt_jobs > 64)
		return bad_number(error, "--jobs", opt_jobs, "give 1 to 64");
	if (opt_failures < 0 || opt_failures > SCHEDULE_MAX_FAILURES)
		return bad_number(error, "--failures", opt_failures, "give 0 to 9");
	if (opt_schedules < 1)
		return bad_number(error, "--max-schedules", opt_schedules, "give a positive number");
	if (opt_stop_at && !invariant_exists(opt_stop_at))
		return bad(error, "--stop-at", opt_stop_at, "no such invariant; racerig list has them");
	scope->triples = strcmp(opt_depth, "triples") == 0;
	if (!scope->triples && strcmp(opt_depth, "pairs") != 0)
		return bad(error, "--depth", opt_depth, "give pairs or triples");
	scope->setup = opt_setup;
	scope->verbs = opt_verbs ? g_strsplit(opt_verbs, ",", -1) : NULL;
	return TRUE;
}

/* All that decides what comes of a combination: what is booted, and how it is explored. */
static char *identity_of(const Kernel *kernel, GError **error)
{
	g_autoptr(GuestSpec) spec = NULL;
	OperationsText text = { .actors = "read 0 | read 0", .pages = 1, .arenas = -1, .processes = -1 };
	const char *where;
	Operations *operations = operations_parse(&text, &where, error);
	g_autoptr(Scenario) any = operations ? scenario_of_text(operations) : NULL;

	spec = any ? session_guest_spec(kernel, any, command_connect, error) : NULL;
	if (!spec)
		return NULL;
	g_autofree char *booted = g_path_get_basename(spec->booted);
	return g_strdup_printf("%s %s %s %s %s '%s' %d %d %s", kernel->name, kernel->key, booted, opt_depth,
			       opt_verbs ? opt_verbs : "all", opt_setup ? opt_setup : "all", opt_failures,
			       opt_schedules, opt_stop_at ? opt_stop_at : "-");
}

static gboolean write_schedules(const HuntResult *result, const char *out, GError **error)
{
	for (guint i = 0; i < result->groups->len; i++) {
		const Group *group = g_ptr_array_index(result->groups, i);
		g_autofree char *stem = hunt_stem(result, i);
		g_autofree char *path = g_strdup_printf("schedules/%s.sched", stem);

		if (!folder_write(out, path, group->hit->schedule, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean write_result(const HuntResult *result, const Kernel *kernel, const char *emulator,
			     const char *out, GError **error)
{
	g_autofree char *json = hunt_json(result, kernel->name, kernel->key, emulator);
	g_autofree char *page = hunt_html(result, kernel->name);
	g_autofree char *text = hunt_text(result, kernel->name, out);

	if (!write_schedules(result, out, error) || !folder_write(out, "hunt.json", json, error) ||
	    !folder_write(out, "report.html", page, error) || !folder_write(out, "hunt.txt", text, error))
		return FALSE;
	g_print("%s", text);
	g_print("  folder     %s (hunt.json, report.html)\n", out);
	return TRUE;
}

static int exit_code(const HuntResult *result)
{
	return strcmp(result->verdict, "new") == 0 ? EXIT_UNEXPECTED
	       : strcmp(result->verdict, "inconclusive") == 0 ? EXIT_BROKEN : EXIT_EXPECTED;
}

static int run(Hunt *hunt, const HuntOptions *options, const Kernel *kernel, GError **error)
{
	g_autofree char *identity = identity_of(kernel, error);
	g_autofree char *emulator =
		identity ? backend_emulator_identity(command_connect, paths_qemu(), error) : NULL;

	if (!emulator || !folder_make(options->out, options->resume, error) ||
	    !hunt_run(hunt, options, identity, error))
		return EXIT_BROKEN;
	g_autoptr(HuntResult) result = hunt_result_new(hunt, kernel, error);
	if (!result || !write_result(result, kernel, emulator, options->out, error))
		return EXIT_BROKEN;
	return exit_code(result);
}

int command_hunt(int argc, char **argv, GCancellable *cancel, GError **error)
{
	HuntScope scope = { 0 };
	HuntOptions options = { .each = { .connect = command_connect, .cancel = cancel } };

	if (!command_parse(&argc, &argv, entries, "", 0,
			   "Explore all combinations of what a program can do with an arena.", error) ||
	    !check_options(&scope, error) ||
	    (opt_time && !command_duration(opt_time, &options.max_seconds, error)))
		return EXIT_BROKEN;
	g_auto(GStrv) verbs = scope.verbs;
	/* Before a folder is made for it. */
	g_autoptr(Hunt) hunt = hunt_new(&scope, error);
	g_autoptr(Kernel) kernel = hunt ? kernel_find(opt_kernel ? opt_kernel : "stock", error) : NULL;
	if (!kernel)
		return EXIT_BROKEN;
	g_autofree char *folder = g_strdup_printf("racerig-runs/hunt-%s", kernel->name);
	options.each.kernel = kernel;
	options.each.connect = command_connect;
	options.each.failures = opt_failures;
	options.each.max_schedules = opt_schedules;
	options.each.stop_at = opt_stop_at;
	options.jobs = opt_jobs;
	options.resume = opt_resume;
	options.out = opt_out ? opt_out : folder;
	int lock = folder_may_write(options.out, error) ? folder_lock(options.out, error) : -1;
	if (lock < 0)
		return EXIT_BROKEN;
	int code = run(hunt, &options, kernel, error);
	close(lock);
	return code;
}
