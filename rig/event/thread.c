// SPDX-License-Identifier: GPL-2.0-only
#include "event/thread.h"

#include <string.h>

static const char *const VERBS[] = {
	[THREAD_ACTOR] = "run", [THREAD_IRQ] = "irq", [THREAD_EVICT] = "evict",
	[THREAD_FAIL] = "fail",
};

G_STATIC_ASSERT(G_N_ELEMENTS(VERBS) == THREAD_KINDS);

const char *thread_verb(ThreadKind kind)
{
	return VERBS[kind];
}

char *thread_name(int thread)
{
	return g_strdup_printf("%s%d", VERBS[thread_kind(thread)], thread_actor(thread));
}

int thread_parse(const char *name)
{
	for (int kind = 0; kind < THREAD_KINDS; kind++) {
		guint64 actor;

		if (g_str_has_prefix(name, VERBS[kind]) &&
		    g_ascii_string_to_unsigned(name + strlen(VERBS[kind]), 10, 0, MAX_ACTORS - 1,
					       &actor, NULL))
			return thread_of(kind, actor);
	}
	return -1;
}

char *thread_set_format(const ThreadSet *set)
{
	GString *text = g_string_new(NULL);

	thread_set_foreach(thread, set) {
		g_autofree char *name = thread_name(thread);
		g_string_append_printf(text, "%s%s", text->len ? " " : "", name);
	}
	return g_string_free(text, FALSE);
}

bool thread_set_parse(const char *text, ThreadSet *ret)
{
	g_auto(GStrv) names = g_strsplit(text, " ", -1);

	*ret = (ThreadSet){ { 0 } };
	for (char **name = names; *text && *name; name++) {
		int thread = thread_parse(*name);

		if (thread < 0)
			return false;
		thread_set_add(ret, thread);
	}
	return true;
}
