// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/groups.h"

#include <string.h>

static void group_free(gpointer data)
{
	Group *group = data;

	g_clear_pointer(&group->interleavings, g_ptr_array_unref);
	g_free(group->known);
	g_free(group->first_words);
	g_free(group->second_words);
	g_free(group);
}

/* Which operations there are in it, one after another: the fewer, the smaller. */
static guint size_of(const Combination *combination)
{
	guint n = 0;

	for (const char *at = combination->actors; *at; at++)
		n += *at == ';' || *at == '|';
	for (const char *at = combination->setup; *at; at++)
		n += *at == ';';
	return n + (*combination->setup != '\0');
}

/* The decision that showed it: the last block. */
static const char *place_of(const Hit *hit)
{
	const char *bar = strrchr(hit->signature, '|');
	const char *last = bar ? bar + 2 : hit->signature;

	return last + strcspn(last, " ");
}

static bool is_same(const Hit *a, const Hit *b)
{
	return a->violation.invariant == b->violation.invariant &&
	       strcmp(a->violation.reason, b->violation.reason) == 0 &&
	       a->violation.kind == b->violation.kind && strcmp(place_of(a), place_of(b)) == 0;
}

bool group_is_same(const Group *a, const Group *b)
{
	return a->known || b->known ? g_strcmp0(a->known, b->known) == 0 : is_same(a->hit, b->hit);
}

static Group *find(const GPtrArray *groups, const Hit *hit, const Known *known)
{
	for (guint i = 0; i < groups->len; i++) {
		Group *group = g_ptr_array_index(groups, i);

		if (known ? g_strcmp0(group->known, known->name) == 0
			  : !group->known && is_same(group->hit, hit))
			return group;
	}
	return NULL;
}

static void add_interleaving(Group *group, const char *signature)
{
	if (!g_ptr_array_find_with_equal_func(group->interleavings, signature, g_str_equal, NULL))
		g_ptr_array_add(group->interleavings, (char *)signature);
}

/* Where it is seen, before where it is only possible; then where less is done. */
static bool is_plainer(const Hit *hit, const Combination *combination, const Group *than)
{
	if (hit->violation.kind != than->hit->violation.kind)
		return hit->violation.kind < than->hit->violation.kind;
	return size_of(combination) < size_of(than->combination);
}

static void add(GPtrArray *groups, const Hit *hit, const Combination *combination, const Known *known)
{
	Group *group = find(groups, hit, known);

	if (!group) {
		group = g_new0(Group, 1);
		*group = (Group){ .hit = hit, .combination = combination,
				  .known = known ? g_strdup(known->name) : NULL };
		group->interleavings = g_ptr_array_new();
		g_ptr_array_add(groups, group);
	} else if (is_plainer(hit, combination, group)) {
		group->hit = hit;
		group->combination = combination;
	}
	add_interleaving(group, hit->signature);
}

static const Known *known_of(const GPtrArray *known, const Hunt *hunt, const Hit *hit)
{
	return known_find(known, hunt->about->kernel, hunt->about->kind, hit);
}

Group *groups_find(const GPtrArray *groups, const Hunt *hunt, const GPtrArray *known, const Hit *hit)
{
	return find(groups, hit, known_of(known, hunt, hit));
}

/* A combination counts once, however many ways it has to show it. */
static void count(const GPtrArray *groups, const Hunt *hunt, const Hunted *hunted,
		  const GPtrArray *known)
{
	g_autoptr(GHashTable) counted = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < hunted->hits->len; i++) {
		Group *group = groups_find(groups, hunt, known, g_ptr_array_index(hunted->hits, i));

		if (g_hash_table_add(counted, group))
			group->combinations++;
	}
}

GPtrArray *groups_new(const Hunt *hunt, const GPtrArray *known)
{
	GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);

	for (guint i = 0; i < hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(hunt->hunted, i);

		for (guint j = 0; hunted && j < hunted->hits->len; j++) {
			const Hit *hit = g_ptr_array_index(hunted->hits, j);

			add(groups, hit, g_ptr_array_index(hunt->combinations, i),
			    known_of(known, hunt, hit));
		}
		if (hunted)
			count(groups, hunt, hunted, known);
	}
	return groups;
}

char **groups_gone(const GPtrArray *groups, const Hunt *hunt, const GPtrArray *known)
{
	GPtrArray *gone = g_ptr_array_new();

	for (guint i = 0; i < known->len; i++) {
		const Known *one = g_ptr_array_index(known, i);
		bool found = !known_is_of(one, hunt->about->kernel, hunt->about->kind);

		for (guint j = 0; j < groups->len && !found; j++) {
			const Group *group = g_ptr_array_index(groups, j);

			found = g_strcmp0(group->known, one->name) == 0;
		}
		if (!found)
			g_ptr_array_add(gone, g_strdup(one->name));
	}
	g_ptr_array_add(gone, NULL);
	return (char **)g_ptr_array_free(gone, FALSE);
}
