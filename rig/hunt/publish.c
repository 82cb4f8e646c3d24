// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/publish.h"

#include "explore/folder.h"
#include "report/junit.h"
#include "report/ktap.h"

static bool write_schedules(const HuntResult *result, const char *out, GError **error)
{
	for (guint i = 0; i < result->groups->len; i++) {
		const Group *group = g_ptr_array_index(result->groups, i);
		g_autofree char *stem = hunt_stem(result, i);
		g_autofree char *path = g_strdup_printf("schedules/%s.sched", stem);

		if (!folder_write(out, path, group->hit->schedule, error))
			return false;
	}
	return true;
}

static bool write_tables(const HuntResult *result, const char *out, GError **error)
{
	g_autoptr(Table) table = hunt_table(result);
	g_autofree char *ktap = ktap_text(table), *junit = junit_text(table, false);

	return folder_write(out, "hunt.ktap", ktap, error) && folder_write(out, "junit.xml", junit, error);
}

static bool write_cover(const HuntResult *result, const char *out, GError **error)
{
	if (!result->cover)
		return true;
	g_autofree char *json = cover_json(result->cover);
	g_autofree char *page = cover_html(result->cover, result->hunt->about->kernel);
	return folder_write(out, "coverage.json", json, error) &&
	       folder_write(out, "coverage.html", page, error);
}

bool hunt_publish(const HuntResult *result, const char *out, GError **error)
{
	g_autofree char *json = hunt_json(result), *page = hunt_html(result);
	g_autofree char *text = hunt_text(result, out);

	return write_schedules(result, out, error) && write_tables(result, out, error) &&
	       write_cover(result, out, error) &&
	       folder_write(out, "report.html", page, error) && folder_write(out, "hunt.txt", text, error) &&
	       folder_write(out, "hunt.json", json, error);
}
