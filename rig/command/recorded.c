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

/* A schedule belongs to a build; another one may have other instructions. */
static bool same_build(const Session *session, const Schedule *schedule, const char *path,
		       GError **error)
{
	if (strcmp(session->kernel->key, schedule->key) == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s was made on build %s of kernel %s, this is build %s; explore again, "
		    "or try it with --kernel %s", path, schedule->key, schedule->kernel,
		    session->kernel->key, schedule->kernel);
	return false;
}

/* Its decisions are numbers of actors. */
static bool same_actors(const Session *session, const Schedule *schedule, const char *path,
			GError **error)
{
	g_autofree char *recorded = g_strjoinv(" ", schedule->actors);
	g_autofree char *there = g_strjoinv(" ", session->scenario->actors);

	if (strcmp(recorded, there) == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s was made with the actors '%s', scenario %s has '%s'; explore again", path,
		    recorded, session->scenario->name, there);
	return false;
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
	g_autoptr(Session) session =
		session_new_at(schedule->scenario, kernel ? kernel : schedule->kernel, connect, qmp,
			       cancel, error);

	if (!session || !same_actors(session, schedule, path, error) ||
	    (!kernel && !same_build(session, schedule, path, error)) ||
	    !session_prepare(session, error))
		return NULL;
	return g_steal_pointer(&session);
}
