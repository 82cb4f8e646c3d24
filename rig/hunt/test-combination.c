// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/combination.h"

#include <string.h>

#include "catalog/operations.h"
#include "catalog/verb.h"
#include "util/error.h"

static GPtrArray *combine(const char *verbs, bool triples)
{
	g_auto(GStrv) words = verbs ? g_strsplit(verbs, ",", -1) : NULL;
	HuntScope scope = { triples, words, NULL };
	HuntExtent extent;
	g_autoptr(GError) error = NULL;
	GPtrArray *made = combinations_new(&scope, &extent, &error);

	g_assert_no_error(error);
	return made;
}

static guint count(const GPtrArray *made, const char *family, const char *setup)
{
	guint n = 0;

	for (guint i = 0; i < made->len; i++) {
		const Combination *one = g_ptr_array_index(made, i);

		n += strcmp(one->family, family) == 0 && (!setup || strcmp(one->setup, setup) == 0);
	}
	return n;
}

/* Who ends its process has no end that all have alike. */
static char *without_end(const char *actor)
{
	const char *end = strstr(actor, "; sync");

	return end ? g_strndup(actor, end - actor) : g_strdup(actor);
}

/* What comes before the end that all have alike. */
static bool has(const GPtrArray *made, const char *setup, const char *first, const char *second)
{
	for (guint i = 0; i < made->len; i++) {
		const Combination *one = g_ptr_array_index(made, i);
		g_auto(GStrv) actors = g_strsplit(one->actors, " | ", -1);
		g_autofree char *a = without_end(actors[0]), *b = without_end(actors[1]);

		if (strcmp(one->setup, setup) == 0 && strcmp(a, first) == 0 && strcmp(b, second) == 0)
			return true;
	}
	return false;
}

static void test_all_are_texts(void)
{
	g_autoptr(GPtrArray) made = combine(NULL, true);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < made->len; i++) {
		const Combination *one = g_ptr_array_index(made, i);
		OperationsText text = { .actors = one->actors, .setup = *one->setup ? one->setup : NULL,
					.pages = one->pages, .arenas = -1, .processes = -1 };
		g_autoptr(GError) error = NULL;
		const char *where;
		g_autoptr(Operations) operations = operations_parse(&text, &where, &error);

		g_assert_no_error(error);
		/* One text, one combination. */
		g_assert_true(g_hash_table_add(seen, g_strdup_printf("%d %s: %s", one->pages, one->setup,
								     one->actors)));
	}
}

/* By hand: alloc has 0, 1, 0-1 and any, read has 0 and 1. */
static void test_symmetry(void)
{
	g_autoptr(GPtrArray) made = combine("alloc,read", false);

	/* Six things, so 21 pairs without regard to order, where the pages are told apart. */
	g_assert_cmpuint(count(made, "pairs", "cpu0 read 0; cpu1 read 0"), ==, 21);
	/*
	 * Where they are not, eight classes of two under 0 <-> 1 and five that are their own: "alloc 0-1"
	 * with itself, "any" with itself and with it, and the two of one verb on one page and the other.
	 */
	g_assert_cmpuint(count(made, "pairs", ""), ==, (21 + 5) / 2);
	g_assert_true(has(made, "cpu0 read 0; cpu1 read 0", "alloc 1", "read 0"));
	g_assert_false(has(made, "cpu0 read 0; cpu1 read 0", "read 0", "alloc 1"));
	g_assert_true(has(made, "", "alloc 0", "read 1"));
	g_assert_false(has(made, "", "alloc 1", "read 0"));
}

static void test_sequences(void)
{
	g_autoptr(GPtrArray) made = combine("free,alloc,write", false);
	const char *used = "alloc 0; cpu0 read 0; cpu1 read 0";

	/* Two changes of two, against one of three; a change and a touch, against a change. */
	g_assert_cmpuint(count(made, "sequences", used), ==, 2 * 2 * 3 + 2 * 2);
	g_assert_true(has(made, used, "free 0; alloc 0", "write 0"));
	g_assert_true(has(made, used, "alloc 0; write 0", "free 0"));
	g_assert_false(has(made, used, "free 0; write 0", "write 0"));
	g_assert_false(has(made, used, "write 0; free 0", "alloc 0"));
	/* A setup of two pages is none for a family of one. */
	g_assert_cmpuint(count(made, "sequences", "alloc 0; cpu0 read 1; cpu1 read 1"), ==, 0);
	g_assert_cmpuint(count(made, "triples", NULL), ==, 0);
}

static void test_triples(void)
{
	g_autoptr(GPtrArray) made = combine("free,alloc", true);

	/* Three of two, in any order: aaa aab abb bbb. */
	g_assert_cmpuint(count(made, "triples", ""), ==, 4);
}

static void test_own_setup(void)
{
	g_auto(GStrv) words = g_strsplit("free,read", ",", -1);
	HuntScope scope = { false, words, "alloc 0; cpu1 read 0" };
	HuntScope bad = { false, words, "alloc 2" };
	HuntExtent extent;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) made = combinations_new(&scope, &extent, &error);

	g_assert_no_error(error);
	/* Nobody says that its vCPUs are alike: 5 x 5, and free; free against two, free; read against one. */
	g_assert_cmpuint(made->len, ==, 25 + 3);
	g_assert_cmpuint(extent.setups, ==, 1);
	g_assert_true(has(made, scope.setup, "free 0", "read 0"));
	g_assert_true(has(made, scope.setup, "read 0", "free 0"));
	g_assert_null(combinations_new(&bad, &extent, &error));
	g_assert_true(g_str_has_prefix(error->message, "setup: 'alloc 2': a hunt is about page 0"));
}

static void test_bad_verbs(void)
{
	static const struct { const char *verbs, *expected; } bad[] = {
		{ "aloc", "--verbs: no verb 'aloc'; did you mean 'alloc'?" },
		{ "close", "--verbs: 'close' is no verb that a hunt combines" },
		{ "vmap", "--verbs: 'vmap' is no verb that a hunt combines" },
		{ "touch", "--verbs: 'touch' is no verb that a hunt combines" },
		{ "unpin", "--verbs: nothing can be combined" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_auto(GStrv) words = g_strsplit(bad[i].verbs, ",", -1);
		HuntScope scope = { false, words, NULL };
		HuntExtent extent;
		g_autoptr(GError) error = NULL;

		g_assert_null(combinations_new(&scope, &extent, &error));
		g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
		g_assert_true(g_str_has_prefix(error->message, bad[i].expected));
	}
}

/* By kernel address: page 0 and four edges against each change and a fault; strays at the edges only. */
static void test_edges(void)
{
	g_autoptr(GPtrArray) made = combine("peek,stray-read,free,reserve,read,write", false);

	g_assert_cmpuint(count(made, "edges", ""), ==, (1 + N_EDGES + N_EDGES) * 3);
	g_assert_true(has(made, "", "peek lower", "free 0"));
	g_assert_true(has(made, "", "peek 0", "reserve 0"));
	g_assert_true(has(made, "", "stray-read first", "read 0"));
	/* Not the other way round, not against another touch, and in no other family. */
	g_assert_false(has(made, "", "free 0", "peek lower"));
	g_assert_false(has(made, "", "peek lower", "write 0"));
	g_assert_false(has(made, "", "stray-read 0", "free 0"));
	for (guint i = 0; i < made->len; i++) {
		const Combination *one = g_ptr_array_index(made, i);

		g_assert_true(strcmp(one->family, "edges") == 0 || !strstr(one->actors, "peek"));
	}
}

/* Another process's user space and its end against changes; whose process ends comes to no sync. */
static void test_processes(void)
{
	g_autoptr(GPtrArray) made = combine("user-read,exit,free,munmap", false);
	const char *mapped = "alloc 0; cpu0 user-read 0; cpu1 user-read 0";
	guint exits = 0;

	g_assert_cmpuint(count(made, "processes", mapped), ==, 3 * 2);
	g_assert_true(has(made, mapped, "@1: user-read 0", "free 0"));
	for (guint i = 0; i < made->len; i++) {
		const Combination *one = g_ptr_array_index(made, i);

		exits += g_str_has_prefix(one->actors, "@1: exit | ");
		g_assert_true(strcmp(one->family, "processes") == 0 || !strstr(one->actors, "exit"));
	}
	g_assert_cmpuint(exits, ==, 2);
}

/* Whose vCPU has work left does not look, but sleeps, and lets it do that. */
static void test_deferred_work(void)
{
	g_autoptr(GPtrArray) made = combine("free-nosleep,write", false);
	guint none = 0, one = 0, both = 0;

	for (guint i = 0; i < made->len; i++) {
		const Combination *combination = g_ptr_array_index(made, i);
		g_auto(GStrv) actors = g_strsplit(combination->actors, " | ", -1);
		guint looks = 0, defers = 0;

		for (char **actor = actors; *actor; actor++) {
			looks += strstr(*actor, "; sync; write 0; user-read 0") != NULL;
			defers += strstr(*actor, "free-nosleep") != NULL;
		}
		/* Where all have, somebody has to. */
		g_assert_cmpuint(looks, ==, defers == 1 ? 1 : 2);
		for (char **actor = actors; *actor && defers == 1; actor++)
			g_assert_true(!strstr(*actor, "sync") == (strstr(*actor, "free-nosleep") != NULL));
		none += defers == 0;
		one += defers == 1;
		both += defers == 2;
	}
	g_assert_true(none && one && both);
}

static void test_mappings(void)
{
	g_autoptr(GPtrArray) made = combine("munmap,mmap,free,alloc", false);

	g_assert_cmpuint(count(made, "mappings", NULL), ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/combination/edges", test_edges);
	g_test_add_func("/combination/processes", test_processes);
	g_test_add_func("/combination/mappings", test_mappings);
	g_test_add_func("/combination/deferred-work", test_deferred_work);
	g_test_add_func("/combination/all-are-texts", test_all_are_texts);
	g_test_add_func("/combination/symmetry", test_symmetry);
	g_test_add_func("/combination/sequences", test_sequences);
	g_test_add_func("/combination/triples", test_triples);
	g_test_add_func("/combination/own-setup", test_own_setup);
	g_test_add_func("/combination/bad-verbs", test_bad_verbs);
	return g_test_run();
}
