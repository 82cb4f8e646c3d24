// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include "explore/folder.h"
#include "explore/publish.h"
#include "util/error.h"
#include "util/json.h"

static int opt_times;

static const GOptionEntry entries[] = {
	{ "times", 'n', 0, G_OPTION_ARG_INT, &opt_times,
	  "First replay every saved schedule N times, on a guest", "N" },
	COMMAND_CONNECT,
	{ NULL },
};

/* The scenario of that name, or the text that the run was made of; the caller's. */
static Scenario *find_scenario(const Json *verdict, const char *name, GError **error)
{
	OperationsText text = { 0 };
	const char *setup, *where;
	gint64 pages, arenas, processes;

	if (!scenario_is_text(name))
		return scenario_find(name, error);
	if (!json_string(verdict, "setup", &setup, error) ||
	    !json_string(verdict, "operations", &text.actors, error) ||
	    !json_int(verdict, "pages", 0, GUEST_MAX_PAGES, &pages, error) ||
	    !json_int(verdict, "arenas", 1, GUEST_MAX_ARENAS, &arenas, error) ||
	    !json_int(verdict, "processes", 1, GUEST_MAX_PROCESSES, &processes, error))
		return NULL;
	text.setup = *setup ? setup : NULL;
	text.pages = pages ? (int)pages : -1;
	text.arenas = (int)arenas;
	text.processes = (int)processes;
	Operations *operations = operations_parse(&text, &where, error);
	if (operations)
		return scenario_of_text(operations);
	g_prefix_error(error, "%s: %s: ", verdict->name, where);
	return NULL;
}

/* Replays need the very kernel that the folder was made on. */
static bool replay_all(const char *dir, GCancellable *cancel, GError **error)
{
	g_autofree char *path = folder_path(dir, "verdict.json");
	g_autoptr(JsonObject) object = json_load(path, FILE_FOUND, error);
	Json verdict = { object, path }, environment;
	const char *scenario, *kernel, *key;

	if (!object || !json_name(&verdict, "scenario", NAME_SCENARIO, &scenario, error) ||
	    !json_name(&verdict, "kernel", NAME_KERNEL, &kernel, error) ||
	    !json_object(&verdict, "environment", &environment, error) ||
	    !json_name(&environment, "key", NAME_KEY, &key, error))
		return false;
	g_autoptr(Scenario) found = find_scenario(&verdict, scenario, error);
	g_autoptr(Kernel) build = found ? kernel_find(kernel, error) : NULL;
	if (!build)
		return false;
	if (g_strcmp0(build->key, key) != 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s was made on build %s of kernel %s, there is build %s; leave out --times, "
			    "or explore again", dir, key, kernel, build->key);
		return false;
	}
	g_autoptr(Session) session =
		session_new_of(g_steal_pointer(&found), g_steal_pointer(&build),
			       &(SessionPlace){ .connect = command_connect }, cancel, error);
	return session && session_prepare(session, error) &&
	       publish_facts(session, dir, opt_times, true, error);
}

int command_report(int argc, char **argv, GCancellable *cancel, GError **error)
{
	if (!command_parse(&argc, &argv, entries, "DIR", 1,
			   "Write evidence.txt and report.html of a run folder, or the page of a suite.",
			   error))
		return EXIT_BROKEN;
	if (opt_times < 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--times %d: give 0 or more", opt_times);
		return EXIT_BROKEN;
	}
	g_autofree char *suite = folder_path(argv[1], "suite.json");
	if (g_file_test(suite, G_FILE_TEST_EXISTS)) {
		if (!publish_suite(argv[1], error))
			return EXIT_BROKEN;
		g_print("%s/report.html\n", argv[1]);
		return EXIT_EXPECTED;
	}
	if ((opt_times && !replay_all(argv[1], cancel, error)) || !publish(argv[1], error))
		return EXIT_BROKEN;
	g_print("%s/evidence.txt\n%s/report.html\n", argv[1], argv[1]);
	return EXIT_EXPECTED;
}
