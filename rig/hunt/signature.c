// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/signature.h"

#include <string.h>

#include "event/thread.h"

/* Who decides: an actor, the interrupts of its vCPU, its TLB. */
static int decider_of(const Event *event)
{
	ThreadKind kind = event->kind == EVENT_EVICT ? THREAD_EVICT
			  : event->irq ? THREAD_IRQ : THREAD_ACTOR;

	return thread_of(kind, event->actor);
}

static void add_letter(GString *text, int actor, int letters[MAX_ACTORS], int *n)
{
	if (letters[actor] < 0)
		letters[actor] = (*n)++;
	g_string_append_c(text, (char)('A' + letters[actor]));
}

static void add_block(GString *text, const RecordEvent *last, int letters[MAX_ACTORS], int *n)
{
	const Event *event = &last->event;

	g_string_append(text, text->len ? " | " : "");
	add_letter(text, event->actor, letters, n);
	g_string_append(text, event->irq ? "/irq " : " ");
	if (event->kind == EVENT_ACCESS) {
		g_string_append(text, event->faulted ? "access/fault" : "access");
	} else {
		if (last->where)
			g_string_append_len(text, last->where, strcspn(last->where, "+"));
		g_string_append_printf(text, "/%s", event_kind_row(event->kind)->token);
	}
}

char *signature_of(const Record *record, const Violation *found)
{
	GString *text = g_string_new(NULL);
	const RecordEvent *last = NULL;
	int letters[MAX_ACTORS], n = 0;

	for (int i = 0; i < MAX_ACTORS; i++)
		letters[i] = -1;
	for (guint i = 0; i < record->events->len; i++) {
		const RecordEvent *event = record_event(record, i);

		if (found->event >= 0 && i > (guint)found->event)
			break;
		if (!event->number)
			continue;
		if (last && decider_of(&last->event) != decider_of(&event->event))
			add_block(text, last, letters, &n);
		last = event;
	}
	if (last)
		add_block(text, last, letters, &n);
	return g_string_free(text, FALSE);
}
