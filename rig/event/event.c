// SPDX-License-Identifier: GPL-2.0-only
#include "event/event.h"

#include <string.h>

#define ROW(kind, token, decides, place, label, words, sentence) \
	[kind] = { token, place, label, words, sentence },

static const EventKindRow rows[N_EVENT_KINDS] = { EVENT_KINDS(ROW) };

#undef ROW

/* Those that decide come first, or event_is_decision() is wrong. */
#define ROW(kind, token, decides, place, label, words, sentence) \
	G_STATIC_ASSERT((decides) == (kind < EVENT_UNLOCK)); \
	G_STATIC_ASSERT(sizeof(token) > 1 && sizeof(label) > 1 && sizeof(words) > 1);

EVENT_KINDS(ROW)
#undef ROW

const EventKindRow *event_kind_row(EventKind kind)
{
	g_assert((guint)kind < N_EVENT_KINDS);
	return &rows[kind];
}

const char *access_name(Access access)
{
	static const char *const names[] = {
		[ACCESS_NONE] = "none", [ACCESS_READ] = "read", [ACCESS_WRITE] = "write",
		[ACCESS_CMPXCHG] = "cmpxchg", [ACCESS_XCHG] = "xchg", [ACCESS_RMW] = "rmw",
	};

	return names[access];
}

char *template_fill(const char *template, TemplateFunc field, gconstpointer data)
{
	GString *text = g_string_new(NULL);

	for (const char *c = template; *c; c++) {
		const char *end = *c == '{' ? strchr(c, '}') : NULL;

		if (!end) {
			g_string_append_c(text, *c);
			continue;
		}
		g_autofree char *name = g_strndup(c + 1, end - c - 1);
		g_autofree char *value = field(name, data);
		/* A template of our own that names no field. */
		g_assert(value);
		g_string_append(text, value);
		c = end;
	}
	return g_string_free(text, FALSE);
}

typedef struct {
	const Event *event;
	const char *where, *target;
} Label;

static char *label_field(const char *name, gconstpointer data)
{
	static const char *const halves[] = { "", "load half of ", "store half of " };
	const Label *label = data;
	const Event *event = label->event;

	if (strcmp(name, "page") == 0)
		return g_strdup_printf("%d", event->page);
	if (strcmp(name, "view") == 0)
		return event->view ? g_strdup_printf(" view%d", event->view) : g_strdup("");
	if (strcmp(name, "other lock") == 0)
		return event->lock ? g_strconcat(" ", label->target, NULL) : g_strdup("");
	if (strcmp(name, "where") == 0)
		return g_strdup(label->where ? label->where : "nowhere");
	if (strcmp(name, "failing") == 0)
		return g_strconcat(event->gives_up ? "lock " : "", label->target, NULL);
	if (strcmp(name, "target") == 0)
		return g_strdup(label->target ? label->target : "nobody");
	if (strcmp(name, "access") == 0)
		return g_strdup(access_name(event->access));
	if (strcmp(name, "direction") == 0)
		return g_strdup(event->access == ACCESS_READ ? "load" : "store");
	if (strcmp(name, "half of") == 0)
		return g_strdup(halves[event->half]);
	if (strcmp(name, "flushed") == 0)
		return event->page < 0 ? g_strdup("all") : g_strdup_printf("page%d", event->page);
	return NULL;
}

char *event_label(const Event *event, const char *where, const char *target)
{
	return template_fill(event_kind_row(event->kind)->label, label_field,
			     &(Label){ event, where, target });
}
