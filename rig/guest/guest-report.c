// SPDX-License-Identifier: GPL-2.0-only
#include "guest/guest-report.h"

#include <string.h>

#include "arch/arch.h"
#include "util/error.h"
#include "util/name.h"

static bool bad(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool bad(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "what the guest reports cannot be: %s", what);
	return false;
}

bool guest_report_readable(struct guest_report *report, GError **error)
{
	report->error[GUEST_ERROR_SIZE - 1] = '\0';
	if (report->version == GUEST_ABI_VERSION)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "the guest speaks version %u, the rig %d; run make to rebuild it",
		    report->version, GUEST_ABI_VERSION);
	return false;
}

static bool check_actor(const struct guest_report *report, guint i, int vcpus, GError **error)
{
	const struct guest_actor *actor = &report->actors[i];

	if (!memchr(actor->name, '\0', GUEST_NAME_SIZE) || !name_is(NAME_ACTOR, actor->name)) {
		g_autofree char *name = g_strndup(actor->name, GUEST_NAME_SIZE);
		g_autofree char *shown = name_shown(name);

		return bad(error, "actor %u is called '%s'", i, shown);
	}
	for (guint other = 0; other < i; other++)
		if (strcmp(report->actors[other].name, actor->name) == 0)
			return bad(error, "two actors are called '%s'", actor->name);
	/* An actor's number is its vCPU's everywhere. */
	if (actor->cpu != i || actor->cpu >= (guint)vcpus)
		return bad(error, "actor %u of %d vCPUs is on vCPU %u", i, vcpus, actor->cpu);
	if (actor->process > 1)
		return bad(error, "actor %u lives in process %" G_GUINT64_FORMAT, i, actor->process);
	return true;
}

static bool check_page(const struct guest_report *report, guint i, GError **error)
{
	guint64 page = report->pages[i];

	/* A user address, or one of the kernel's. */
	if (!page || page % arch_page_bytes() || (page >> ARCH.user_bits && ~page >> ARCH.user_bits))
		return bad(error, "page %u is at %#" G_GINT64_MODIFIER "x", i, page);
	for (guint other = 0; other < i; other++)
		if (report->pages[other] == page)
			return bad(error, "pages %u and %u are one", other, i);
	return true;
}

bool guest_report_check(const struct guest_report *report, int vcpus, GError **error)
{
	if (report->n_actors < 1 || report->n_actors > GUEST_MAX_ACTORS)
		return bad(error, "%u actors", report->n_actors);
	if (report->n_arenas < 1 || report->n_arenas > GUEST_MAX_ARENAS)
		return bad(error, "%u arenas", report->n_arenas);
	if (report->n_pages < 1 || report->n_pages > GUEST_MAX_PAGES ||
	    report->n_pages % report->n_arenas)
		return bad(error, "%u pages in %u arenas", report->n_pages, report->n_arenas);
	if (!report->module_text)
		return bad(error, "no address of its module");
	for (guint i = 0; i < report->n_actors; i++)
		if (!check_actor(report, i, vcpus, error))
			return false;
	for (guint i = 0; i < report->n_pages; i++)
		if (!check_page(report, i, error))
			return false;
	return true;
}

char *guest_console_end(const char *console)
{
	g_autofree char *text = g_strchomp(g_strdup(console));
	const char *panic = strstr(text, "Kernel panic");
	const char *line = panic ? panic : strrchr(text, '\n');

	line = line ? line + (*line == '\n') : text;
	g_autofree char *last = g_strndup(line, strcspn(line, "\r\n"));
	return name_shown(last);
}
