// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/combination.h"

#include <string.h>

#include "catalog/operations.h"
#include "catalog/verb.h"
#include "util/error.h"
#include "util/name.h"

enum { MAX_FORM = 3, MAX_EACH = 2, MAX_PAGES = 2 };

/* What an actor may do once. */
typedef struct {
	enum verb verb;
	int page, pages;	/* no page: -1 */
	bool any;		/* where the kernel likes */
	const char *edge;	/* by this name, in place of a number; NULL: by number */
} Choice;

#define BIT(verb) (G_GUINT64_CONSTANT(1) << VERB_##verb)

/* Sets of verbs. */
#define STRAYS (BIT(STRAY_READ) | BIT(STRAY_WRITE))
#define ADDRESSES (BIT(PEEK) | BIT(POKE) | STRAYS)
#define KERNEL (BIT(ALLOC) | BIT(FREE) | BIT(FREE_NOSLEEP) | BIT(RESERVE))
#define MAPPINGS (BIT(MMAP) | BIT(MUNMAP) | BIT(DONTNEED) | BIT(PIN))
#define USER (BIT(USER_READ) | BIT(USER_WRITE) | MAPPINGS)

/* Where combinations start from; bits of Family.starts. */
enum { EMPTY = 1, USED = 2, SCRATCHED = 4, PARTLY = 8, MAPPED = 16, ALL = 31 };

typedef struct {
	const char *name, *text;
	int each[MAX_FORM];	/* operations of each actor; 0: no more actors */
	int pages;
	guint starts;		/* from these of the states that are built in */
	int changes;		/* at least so many operations change a mapping, and the first does */
	guint64 only[MAX_FORM];	/* what each actor may do, which tells the actors apart; 0: what any can */
	bool second;		/* the first actor lives in the second process */
	bool deep;		/* only when asked for */
} Family;

/* The small ones first: what is found there is found soon. */
static const Family families[] = {
	{ .name = "processes", .text = "one operation by another process, or its end, against one",
	  .each = { 1, 1 }, .pages = 1, .starts = MAPPED,
	  .only = { USER | BIT(EXIT), KERNEL | BIT(DONTNEED) | BIT(MUNMAP) }, .second = true },
	{ .name = "mappings", .text = "a mapping that ends and one that begins against a change of it",
	  .each = { 1, 1, 1 }, .pages = 1, .starts = MAPPED, .only = { BIT(MUNMAP), BIT(MMAP), KERNEL } },
	{ .name = "pairs", .text = "one operation against one, on two pages",
	  .each = { 1, 1 }, .pages = 2, .starts = ALL },
	{ .name = "edges", .text = "one access by kernel address, in the arena or next to it, against one "
	  "change of the mapping or a fault",
	  .each = { 1, 1 }, .pages = 1, .starts = EMPTY | USED,
	  .only = { ADDRESSES, KERNEL | MAPPINGS | BIT(READ) } },
	{ .name = "sequences",
	  .text = "two operations against one, two changes of the mapping among them, on one page",
	  .each = { 2, 1 }, .pages = 1, .starts = ALL, .changes = 2 },
	{ .name = "triples", .text = "one operation of each of three actors, on one page",
	  .each = { 1, 1, 1 }, .pages = 1, .starts = ALL, .deep = true },
};

typedef struct {
	guint bit;
	const char *text;
	int pages;		/* that it names */
	bool pages_alike;	/* nothing tells the pages apart … */
	bool vcpus_alike;	/* … or the vCPUs */
} Start;

/* What is allocated is used by all, too: who has not used a page may have its translation all the same. */
static const Start setups[] = {
	{ EMPTY, "", 0, true, true },
	{ USED, "alloc 0; cpu0 read 0; cpu1 read 0", 1, false, true },
	{ SCRATCHED, "cpu0 read 0; cpu1 read 0", 1, false, true },
	{ PARTLY, "alloc 0; cpu0 read 1; cpu1 read 1", 2, false, true },
	{ MAPPED, "alloc 0; cpu0 user-read 0; cpu1 user-read 0", 1, false, true },
};

typedef struct {
	const Family *family;
	const GArray *choices;	/* of Choice */
	const Start *start;
	guint picks[MAX_FORM][MAX_EACH];	/* indices of choices, by actor */
} Form;

static void combination_free(gpointer data)
{
	Combination *combination = data;

	g_free(combination->setup);
	g_free(combination->actors);
	g_free(combination);
}

const char *family_text(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(families); i++)
		if (strcmp(families[i].name, name) == 0)
			return families[i].text;
	return NULL;
}

/* What only looks: it changes no mapping but by a fault. */
static bool is_touch(enum verb verb)
{
	enum verb read, write;

	for (guint i = 0; verb_touch(i, &read, &write); i++)
		if (verb == read || verb == write)
			return true;
	return false;
}

static bool is_hunted(enum verb verb)
{
	return !(verb_row(verb)->flags & (VERB_VMAP | VERB_COMMON)) && verb != VERB_CLOSE &&
	       verb != VERB_OPEN;
}

static bool has_verb(guint64 verbs, enum verb verb)
{
	return verbs >> verb & 1;
}

/* Whether the actors do the same things: whoever comes first is the same then. */
static bool actors_are_alike(const Family *family)
{
	return !family->only[0];
}

/* Whether any actor of @family may do it. */
static bool family_has(const Family *family, enum verb verb)
{
	if (actors_are_alike(family))
		return !has_verb(ADDRESSES, verb) && verb != VERB_EXIT;
	return has_verb(family->only[0] | family->only[1] | family->only[2], verb);
}

static bool is_wanted(const HuntScope *scope, enum verb verb)
{
	return is_hunted(verb) && (!scope->verbs || g_strv_contains((const char *const *)scope->verbs,
								    verb_row(verb)->word));
}

static bool check_verbs(const HuntScope *scope, GError **error)
{
	for (char **word = scope->verbs; word && *word; word++) {
		int verb = verb_find(*word, false);
		g_autofree char *shown = name_shown(*word);
		const char *like = verb_suggestion(*word);

		if (verb >= 0 && is_hunted(verb) && strcmp(verb_row(verb)->word, *word) == 0)
			continue;
		if (verb < 0 && like)
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
				    "--verbs: no verb '%s'; did you mean '%s'?", shown, like);
		else
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
				    "--verbs: '%s' is no verb that a hunt combines; racerig list --verbs "
				    "has them", shown);
		return false;
	}
	return true;
}

static void add_choice(GArray *choices, enum verb verb, int page, int pages, bool any)
{
	Choice choice = { verb, page, pages, any, NULL };

	g_array_append_val(choices, choice);
}

/*
 * By kernel address: another door to the same kernel code where there is a page, and the only one next to
 * the arena.  A program without an arena may or may not have a page there; next to the arena it never has.
 */
static void add_edges(GArray *choices, enum verb verb)
{
	if (!has_verb(STRAYS, verb))
		add_choice(choices, verb, 0, 1, false);
	for (int edge = 0; edge < N_EDGES; edge++) {
		Choice choice = { verb, -1, 1, false, verb_edge_word(edge) };

		g_array_append_val(choices, choice);
	}
}

/* All that @family's actors may do. */
static GArray *choices_of(const HuntScope *scope, const Family *family)
{
	GArray *choices = g_array_new(FALSE, FALSE, sizeof(Choice));

	for (int verb = 0; verb < N_VERBS; verb++) {
		enum verb_takes takes = verb_row(verb)->takes;

		if (!is_wanted(scope, verb) || !family_has(family, verb))
			continue;
		if (takes == TAKES_ANY_PAGE) {
			add_edges(choices, verb);
			continue;
		}
		if (takes == TAKES_NOTHING || takes == TAKES_ARENA) {
			add_choice(choices, verb, -1, 0, false);
			continue;
		}
		for (int page = 0; page < family->pages; page++)
			add_choice(choices, verb, page, 1, false);
		if (family->pages > 1 && (takes == TAKES_RANGE || takes == TAKES_NEW_RANGE))
			add_choice(choices, verb, 0, family->pages, false);
		if (takes == TAKES_NEW_RANGE && family->pages > 1)
			add_choice(choices, verb, -1, 1, true);
	}
	return choices;
}

static const Choice *pick(const Form *form, int actor, int at)
{
	return &g_array_index(form->choices, Choice, form->picks[actor][at]);
}

static int n_actors(const Family *family)
{
	int n = 0;

	while (n < MAX_FORM && family->each[n])
		n++;
	return n;
}

/* The index of the same choice with the two pages called by each other's number. */
static guint renamed(const GArray *choices, guint at)
{
	Choice choice = g_array_index(choices, Choice, at);

	if (choice.page < 0 || choice.pages != 1)
		return at;
	choice.page = 1 - choice.page;
	for (guint i = 0; i < choices->len; i++) {
		const Choice *one = &g_array_index(choices, Choice, i);

		if (one->verb == choice.verb && one->page == choice.page &&
		    one->pages == choice.pages && one->any == choice.any)
			return i;
	}
	g_assert_not_reached();
}

/* Less than 0: @a comes before @b, as what actors do, in order. */
static int compare_actors(const guint *a, const guint *b)
{
	return memcmp(a, b, sizeof(((Form *)NULL)->picks[0]));
}

/* @form with every two actors of one length in order. */
static Form in_order(Form form)
{
	for (int i = 1; i < n_actors(form.family); i++)
		for (int j = i; j > 0 && form.family->each[j - 1] == form.family->each[j]; j--) {
			guint kept[MAX_EACH];

			if (compare_actors(form.picks[j - 1], form.picks[j]) <= 0)
				break;
			memcpy(kept, form.picks[j], sizeof(kept));
			memcpy(form.picks[j], form.picks[j - 1], sizeof(kept));
			memcpy(form.picks[j - 1], kept, sizeof(kept));
		}
	return form;
}

static Form with_pages_renamed(Form form)
{
	for (int i = 0; i < n_actors(form.family); i++)
		for (int j = 0; j < form.family->each[i]; j++)
			form.picks[i][j] = renamed(form.choices, form.picks[i][j]);
	return form;
}

/* Of all that are the same but for names this one is taken. */
static bool stands_for_all(const Form *form)
{
	Form ordered = in_order(*form);

	if (!form->start->vcpus_alike || !actors_are_alike(form->family))
		return true;
	if (memcmp(ordered.picks, form->picks, sizeof(form->picks)) != 0)
		return false;
	if (!form->start->pages_alike || form->family->pages != MAX_PAGES)
		return true;
	Form other = in_order(with_pages_renamed(*form));
	/* Indices are compared as bytes, which is an order like any other. */
	return memcmp(form->picks, other.picks, sizeof(form->picks)) <= 0;
}

static void add_operation(GString *text, const Choice *choice)
{
	g_string_append(text, verb_row(choice->verb)->word);
	if (choice->edge)
		g_string_append_printf(text, " %s", choice->edge);
	else if (choice->any)
		g_string_append(text, " any a");
	else if (choice->page >= 0 && choice->pages > 1)
		g_string_append_printf(text, " %d-%d", choice->page, choice->page + choice->pages - 1);
	else if (choice->page >= 0)
		g_string_append_printf(text, " %d", choice->page);
}

/* How many pages, from 0 on, the setup and the actors name: at least one. */
static int pages_named(const Form *form)
{
	int n = MAX(form->start->pages, 1);

	for (int i = 0; i < n_actors(form->family); i++)
		for (int j = 0; j < form->family->each[i]; j++)
			if (pick(form, i, j)->page >= 0)
				n = MAX(n, pick(form, i, j)->page + pick(form, i, j)->pages);
	return n;
}

/* What of the guest depends on the operations: where the kernel chooses, and what is watched beside pages. */
static guint guest_of(const Form *form)
{
	guint guest = 0;

	for (int i = 0; i < n_actors(form->family); i++)
		for (int j = 0; j < form->family->each[i]; j++) {
			const Choice *choice = pick(form, i, j);

			guest |= choice->any | (choice->edge ? 2u << verb_edge(choice->edge) : 0);
		}
	return guest;
}

static gint by_guest(gconstpointer a, gconstpointer b)
{
	guint left = (*(Combination *const *)a)->guest, right = (*(Combination *const *)b)->guest;

	return left < right ? -1 : left > right;
}

/* Whether any operation of @actor has one of @flags. */
static bool has_flag(const Form *form, int actor, int flags)
{
	for (int i = 0; i < form->family->each[actor]; i++)
		if (verb_row(pick(form, actor, i)->verb)->flags & flags)
			return true;
	return false;
}

/*
 * Whether @actor looks at the end at what is there: not one that is no more, nor one that has put work off,
 * which its vCPU does when it sleeps.  Whoever looks waits for that; so where all have, all look.
 */
static bool looks_behind(const Form *form, int actor)
{
	bool all_defer = true;

	for (int i = 0; i < n_actors(form->family); i++)
		all_defer &= has_flag(form, i, VERB_DEFERS);
	return !has_flag(form, actor, VERB_LAST) && (all_defer || !has_flag(form, actor, VERB_DEFERS));
}

static void add_combination(GPtrArray *combinations, const Form *form)
{
	Combination *made = g_new0(Combination, 1);
	g_autoptr(GString) text = g_string_new(NULL);
	const int *each = form->family->each;
	int named = pages_named(form);

	for (int i = 0; i < MAX_FORM && each[i]; i++) {
		g_string_append(text, i ? " | " : form->family->second ? "@1: " : "");
		for (int j = 0; j < each[i]; j++) {
			g_string_append(text, j ? "; " : "");
			add_operation(text, pick(form, i, j));
		}
		if (!looks_behind(form, i))
			continue;
		g_string_append(text, "; sync");
		for (int page = 0; page < named; page++)
			g_string_append_printf(text, "; write %d; user-read %d", page, page);
	}
	made->family = form->family->name;
	made->setup = g_strdup(form->start->text);
	made->actors = g_strdup(text->str);
	made->pages = form->family->pages;
	made->guest = guest_of(form);
	g_ptr_array_add(combinations, made);
}

static bool has_changes(const Form *form)
{
	int changes = 0;

	for (int i = 0; i < n_actors(form->family); i++)
		for (int j = 0; j < form->family->each[i]; j++)
			changes += !is_touch(pick(form, i, j)->verb);
	return changes >= form->family->changes;
}

/* Whether @verb may be operation @at of @actor. */
static bool may_be(const Family *family, int actor, int at, enum verb verb)
{
	if (!actors_are_alike(family) && !has_verb(family->only[actor], verb))
		return false;
	if (family->changes && actor == 0 && at == 0 && is_touch(verb))
		return false;
	/* There is nothing of one's own to give back at once. */
	return verb != VERB_UNPIN || at > 0;
}

/* All ways to go on with operation @at of @actor. */
static void fill_in(GPtrArray *combinations, Form *form, int actor, int at)
{
	const Family *family = form->family;

	if (actor == MAX_FORM || !family->each[actor]) {
		if (has_changes(form) && stands_for_all(form))
			add_combination(combinations, form);
		return;
	}
	for (guint i = 0; i < form->choices->len; i++) {
		if (!may_be(family, actor, at, g_array_index(form->choices, Choice, i).verb))
			continue;
		form->picks[actor][at] = i;
		if (at + 1 < family->each[actor])
			fill_in(combinations, form, actor, at + 1);
		else
			fill_in(combinations, form, actor + 1, 0);
		form->picks[actor][at] = 0;
	}
}

/* The caller's own, of which nothing is known but how many pages it names. */
static bool take_setup(const HuntScope *scope, Start *ret, GError **error)
{
	OperationsText text = { .actors = "read 0 | read 0", .setup = scope->setup,
				.pages = -1, .arenas = 1, .processes = 1 };
	const char *where;
	g_autoptr(Operations) operations = operations_parse(&text, &where, error);

	if (!operations) {
		g_prefix_error(error, "%s: ", where);
		return false;
	}
	*ret = (Start){ .text = scope->setup, .pages = (int)operations->shape.pages };
	if (ret->pages <= MAX_PAGES && !operations->shape.exact && !operations->shape.edges)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "setup: '%s': a hunt is about page 0 and page 1, by number", scope->setup);
	return false;
}

static void add_family(GPtrArray *combinations, const HuntScope *scope, const Family *family,
		       const Start *starts, gsize n)
{
	g_autoptr(GArray) choices = choices_of(scope, family);

	for (gsize i = 0; i < n; i++) {
		Form form = { .family = family, .choices = choices, .start = &starts[i] };

		if (starts[i].pages > family->pages || (starts[i].bit && !(starts[i].bit & family->starts)))
			continue;
		g_autoptr(GPtrArray) made = g_ptr_array_new();
		fill_in(made, &form, 0, 0);
		/* To start another guest takes as long as some combinations; the order of others stays. */
		g_ptr_array_sort(made, by_guest);
		g_ptr_array_extend(combinations, made, NULL, NULL);
	}
}

GPtrArray *combinations_new(const HuntScope *scope, HuntExtent *ret_extent, GError **error)
{
	g_autoptr(GPtrArray) combinations = g_ptr_array_new_with_free_func(combination_free);
	HuntExtent extent = { .setups = scope->setup ? 1 : G_N_ELEMENTS(setups) };
	Start own;

	if (!check_verbs(scope, error) || (scope->setup && !take_setup(scope, &own, error)))
		return NULL;
	for (int verb = 0; verb < N_VERBS; verb++)
		extent.verbs += is_wanted(scope, verb);
	for (gsize i = 0; i < G_N_ELEMENTS(families); i++) {
		const Family *family = &families[i];

		if (family->deep && !scope->triples)
			continue;
		add_family(combinations, scope, family, scope->setup ? &own : setups, extent.setups);
	}
	if (!combinations->len) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "--verbs: nothing can be combined of these; name one that changes a mapping, "
			    "and one that touches a page");
		return NULL;
	}
	*ret_extent = extent;
	return g_steal_pointer(&combinations);
}
