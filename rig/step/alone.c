// SPDX-License-Identifier: GPL-2.0-only
#include "step/alone.h"

struct Alones {
	GHashTable *seen;	/* GBytes of key_of() -> Alone */
};

Alones *alones_new(void)
{
	Alones *alones = g_new0(Alones, 1);

	alones->seen = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
					     g_free);
	return alones;
}

void alones_free(Alones *alones)
{
	g_hash_table_unref(alones->seen);
	g_free(alones);
}

/* The actor, and its words up to the end. */
static GBytes *key_of(const Setup *setup, int actor)
{
	const guint64 *program = setup->programs[actor];
	GByteArray *key = g_byte_array_new();
	guint8 who = actor;

	g_byte_array_append(key, &who, sizeof(who));
	for (int i = 0; i < MAX_OPERATIONS && operation_of(program[i]).verb != OPERATION_END; i++)
		g_byte_array_append(key, (const guint8 *)&program[i], sizeof(program[i]));
	return g_byte_array_free_to_bytes(key);
}

const Alone *alones_find(const Alones *alones, const Setup *setup, int actor)
{
	g_autoptr(GBytes) key = key_of(setup, actor);

	return g_hash_table_lookup(alones->seen, key);
}

void alones_note(Alones *alones, const Setup *setup, int actor, Alone seen)
{
	g_hash_table_replace(alones->seen, key_of(setup, actor), g_memdup2(&seen, sizeof(seen)));
}
