// SPDX-License-Identifier: GPL-2.0-only
#include "command/recorded.h"

#include <string.h>

#include "util/error.h"
#include "util/file.h"

Schedule *recorded_load(const char *path, GError **error)
{
	g_autofree char *text = file_read_text(path, FILE_NAMED, SCHEDULE_MAX_BYTES, error);

	return text ? schedule_parse(text, path, error) : NULL;
}

void recorded_print_operations(const Schedule *schedule)
{
	const Operations *operations = schedule->operations;

	if (!operations)
		return;
	if (*operations->setup_text)
		g_print("  setup      %s\n", operations->setup_text);
	g_print("  actors     %s\n", operations->actors_text);
}

/* A schedule belongs to a build; another one may have other instructions. */
static bool same_build(const Kernel *kernel, const Schedule *schedule, const char *path,
		       GError **error)
{
	if (strcmp(kernel->key, schedule->key) == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s was made on build %s of kernel %s, this is build %s; explore again, "
		    "or try it with --kernel %s", path, schedule->key, schedule->kernel,
		    kernel->key, schedule->kernel);
	return false;
}

/* Its decisions are numbers of actors. */
static bool same_actors(const Scenario *scenario, const Schedule *schedule, const char *path,
			GError **error)
{
	g_autofree char *recorded = g_strjoinv(" ", schedule->actors);
	g_autofree char *there = g_strjoinv(" ", scenario->actors);

	if (strcmp(recorded, there) == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s was made with the actors '%s', scenario %s has '%s'; explore again", path,
		    recorded, scenario->name, there);
	return false;
}

/* What it was made of is what there is under that name. */
static bool same_operations(const Scenario *scenario, const Schedule *schedule, const char *path,
			    GError **error)
{
	g_autofree char *there = scenario->operations ? operations_summary(scenario->operations)
						      : g_strdup("its .c");
	g_autofree char *recorded = schedule->operations ? operations_summary(schedule->operations)
							 : g_strdup("a .c");

	if (scenario->operations ? strcmp(there, recorded) == 0 : !schedule->operations)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s was made of %s, scenario %s is %s; explore again", path, recorded, scenario->name,
		    there);
	return false;
}

/* The scenario of that name, or the one that the schedule carries; the caller's. */
static Scenario *find_scenario(const Schedule *schedule, const char *path, GError **error)
{
	bool text = scenario_is_text(schedule->scenario);
	g_autoptr(Scenario) scenario = text && schedule->operations
		? scenario_of_text(operations_ref(schedule->operations))
		: scenario_find(schedule->scenario, error);

	if (!scenario || !same_operations(scenario, schedule, path, error))
		return NULL;
	if (strcmp(scenario->name, schedule->scenario) == 0)
		return g_steal_pointer(&scenario);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s says that it is of %s, and its text is %s; explore again", path, schedule->scenario,
		    scenario->name);
	return NULL;
}

Session *recorded_session(const Schedule *schedule, const char *path, const char *kernel,
			  const char *connect, GCancellable *cancel, GError **error)
{
	return recorded_session_at(schedule, path, kernel, connect, NULL, cancel, error);
}

Session *recorded_session_at(const Schedule *schedule, const char *path, const char *kernel,
			     const char *connect, const char *qmp, GCancellable *cancel,
			     GError **error)
{
	g_autoptr(Scenario) scenario = find_scenario(schedule, path, error);
	g_autoptr(Kernel) build = scenario && same_actors(scenario, schedule, path, error)
		? kernel_find(kernel ? kernel : schedule->kernel, error) : NULL;

	if (!build || (!kernel && !same_build(build, schedule, path, error)))
		return NULL;
	g_autoptr(Session) session =
		session_new_of(g_steal_pointer(&scenario), g_steal_pointer(&build),
			       &(SessionPlace){ .connect = connect, .qmp = qmp }, cancel, error);
	if (session)
		session->n_failures = schedule->failures;
	return session && session_prepare(session, error) ? g_steal_pointer(&session) : NULL;
}
