// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/unwatched.h"

#include "catalog/verb.h"

static bool does(const TextActor *actor, enum verb verb)
{
	return operations_have(actor->operations, verb);
}

/* It may take a fault for which the kernel maps a page, or a new one. */
static bool faults(const TextActor *actor)
{
	return does(actor, VERB_USER_READ) || does(actor, VERB_USER_WRITE) || does(actor, VERB_PIN);
}

char **operations_unwatched(const Operations *operations)
{
	guint users = 0, allocating = 0, mapping = 0;
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (guint i = 0; i < operations->actors->len; i++) {
		const TextActor *actor = g_ptr_array_index(operations->actors, i);

		/* Only then references are events at all: nobody else changes them (step/setup.h). */
		users += operations_have_flag(actor->operations, VERB_USER);
		allocating += faults(actor) || does(actor, VERB_ALLOC);
		mapping += does(actor, VERB_MMAP);
	}
	if (users && allocating)
		g_strv_builder_add(builder, "pages");
	if (mapping)
		g_strv_builder_add(builder, "mappings");
	g_auto(GStrv) found = g_strv_builder_end(builder);
	return *found ? g_steal_pointer(&found) : NULL;
}
