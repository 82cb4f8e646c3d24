// SPDX-License-Identifier: GPL-2.0-only
#include "subject/watch.h"

#include <string.h>

#include "arch/arch.h"
#include "arch/pte.h"
#include "util/error.h"
#include "util/json.h"
#include "util/u64.h"

enum { LONGEST = 127 };

/* What one part of a description is read with. */
typedef struct {
	const char *name;
	guint64 ram_bytes;
	Watch *watch;
} Reading;

typedef bool (*ReadFunc)(const Reading *reading, const Json *json, int i, GError **error);

static bool wrong(const Reading *reading, const char *what, const char *text, GError **error)
{
	g_autofree char *shown = name_shown(text);

	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: '%s' is no %s", reading->name, shown, what);
	return false;
}

/* What is not where it can be is not watched, and nobody would notice. */
static bool nowhere(const char *what, int i, guint64 va, guint64 phys, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND, "blind: %s %d lies nowhere (at 0x%"
		    G_GINT64_MODIFIER "x, physical 0x%" G_GINT64_MODIFIER "x)", what, i, va, phys);
	return false;
}

static bool read_word(const Json *json, const char *member, guint64 *ret, GError **error)
{
	if (u64_member(json->object, member, ret, error))
		return true;
	g_prefix_error(error, "%s: ", json->name);
	return false;
}

static bool read_small(const Json *json, const char *member, int min, int max, int *ret,
		       GError **error)
{
	gint64 value;

	if (!json_int(json, member, min, max, &value, error))
		return false;
	*ret = value;
	return true;
}

/* One of @tokens, which are NULL-terminated. */
static bool read_token(const Reading *reading, const Json *json, const char *member,
		       const char *const *tokens, int *ret, GError **error)
{
	const char *text;

	if (!json_string(json, member, &text, error))
		return false;
	for (*ret = 0; tokens[*ret]; ++*ret)
		if (strcmp(tokens[*ret], text) == 0)
			return true;
	return wrong(reading, member, text, error);
}

/* A word for texts and formats. */
static bool read_name(const Reading *reading, const Json *json, const char *member, const char **ret,
		      GError **error)
{
	const char *text;

	if (!json_string(json, member, &text, error))
		return false;
	if (!name_is(NAME_FEATURE, text))
		return wrong(reading, member, text, error);
	*ret = g_intern_string(text);
	return true;
}

static bool is_made_of(const char *text, const char *others)
{
	gsize len = strlen(text);

	if (len == 0 || len > LONGEST || g_ascii_isdigit(*text))
		return false;
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isalnum(text[i]) && !strchr(others, text[i]))
			return false;
	return true;
}

static bool read_symbol(const Reading *reading, const Json *json, const char *member, const char **ret,
			GError **error)
{
	const char *text;

	if (!json_string(json, member, &text, error))
		return false;
	if (!is_made_of(text, "_."))
		return wrong(reading, member, text, error);
	*ret = g_intern_string(text);
	return true;
}

static bool in_ram(const Reading *reading, guint64 phys, gsize len)
{
	return phys <= reading->ram_bytes - len;
}

/* By its name among those already read; -1: @json has no @member. */
static bool read_lock_of(const Reading *reading, const Json *json, int *ret, GError **error)
{
	const char *text = NULL;

	*ret = -1;
	if (!json_maybe_string(json, "guarded_by", &text, error))
		return false;
	if (!text)
		return true;
	for (*ret = 0; *ret < reading->watch->n_locks; ++*ret)
		if (strcmp(reading->watch->locks[*ret].name, text) == 0)
			return true;
	return wrong(reading, "lock", text, error);
}

static bool read_pte(const Reading *reading, const Json *json, int page, WatchPte *ret,
		     GError **error)
{
	Json pte;

	if (!json_object(json, "pte", &pte, error) || !read_word(&pte, "va", &ret->va, error) ||
	    !read_word(&pte, "phys", &ret->phys, error))
		return false;
	if (arch_is_kernel(ret->va) && in_ram(reading, ret->phys, ARCH.pte_bytes) &&
	    ret->va % ARCH.pte_bytes == 0 && ret->va % arch_page_bytes() == ret->phys % arch_page_bytes())
		return true;
	return nowhere("the PTE of page", page, ret->va, ret->phys, error);
}

static bool read_view(const Reading *reading, const Json *json, int page, WatchView *ret,
		      GError **error)
{
	static const char *const spaces[] = { "kernel", "user", NULL };
	int space;

	if (!read_token(reading, json, "space", spaces, &space, error) ||
	    !read_word(json, "va", &ret->va, error))
		return false;
	ret->mm = -1;
	if (space == 1 && !read_small(json, "mm", 0, MAX_ACTORS - 1, &ret->mm, error))
		return false;
	bool fits = space ? ret->va && !(ret->va >> ARCH.user_bits) : arch_is_kernel(ret->va);
	if (!fits || ret->va % arch_page_bytes())
		return nowhere("page", page, ret->va, 0, error);
	return !json_has(json, "pte") || read_pte(reading, json, page, &ret->pte, error);
}

static bool read_views(const Reading *reading, const Json *json, int page, GError **error)
{
	WatchPage *to = &reading->watch->pages[page];
	JsonArray *views;
	Json view;

	if (!json_array(json, "views", &views, error))
		return false;
	guint n = json_array_get_length(views);
	for (guint i = 0; i < n && i < MAX_VIEWS; i++)
		if (!json_element(json, "views", views, i, &view, error) ||
		    !read_view(reading, &view, page, &to->views[i], error))
			return false;
	to->n_views = n;
	if (n >= 1 && n <= MAX_VIEWS && to->views[0].mm < 0 && to->views[0].pte.va)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND, "blind: page %d has %u views, of which the "
		    "first must be the kernel's, with its PTE, and at most %d can be watched",
		    page, n, MAX_VIEWS);
	return false;
}

static bool read_page(const Reading *reading, const Json *json, int i, GError **error)
{
	WatchPage *page = &reading->watch->pages[i];

	page->lazy = false;
	return read_small(json, "group", 0, MAX_GROUPS - 1, &page->group, error) &&
	       json_maybe_bool(json, "lazy", &page->lazy, error) &&
	       read_lock_of(reading, json, &page->lock, error) &&
	       read_views(reading, json, i, error);
}

static bool read_lock(const Reading *reading, const Json *json, int i, GError **error)
{
	static const char *const kinds[] = { "spin", "mutex", NULL };
	WatchLock *lock = &reading->watch->locks[i];
	gint64 group = -1;
	int kind;

	if (!read_name(reading, json, "name", &lock->name, error) ||
	    !json_maybe_int(json, "group", 0, MAX_GROUPS - 1, &group, error) ||
	    !read_token(reading, json, "kind", kinds, &kind, error) ||
	    !read_word(json, "va", &lock->va, error) ||
	    !read_word(json, "phys", &lock->phys, error) ||
	    !read_small(json, "bytes", 1, 8, &lock->bytes, error) ||
	    !read_word(json, "held", &lock->held, error))
		return false;
	lock->kind = kind;
	lock->group = group;
	for (int other = 0; other < i; other++)
		if (reading->watch->locks[other].name == lock->name)
			return wrong(reading, "second lock's name", lock->name, error);
	/* The rig reads memory by the eight bytes. */
	if (arch_is_kernel(lock->va) && in_ram(reading, lock->phys, sizeof(guint64)) &&
	    !(lock->bytes & (lock->bytes - 1)) && lock->va % lock->bytes == 0 && lock->held &&
	    (lock->bytes == 8 || lock->held >> 8 * lock->bytes == 0))
		return true;
	return nowhere("the word of lock", i, lock->va, lock->phys, error);
}

static bool read_frame(const Reading *reading, const Json *json, int i, GError **error)
{
	WatchFrame *frame = &reading->watch->frames[i];

	if (!read_name(reading, json, "role", &frame->role, error) ||
	    !read_small(json, "group", 0, MAX_GROUPS - 1, &frame->group, error) ||
	    !read_word(json, "pfn", &frame->pfn, error))
		return false;
	return frame->pfn < reading->ram_bytes / arch_page_bytes() ||
	       nowhere("the page of frame", i, 0, frame->pfn, error);
}

static bool read_free(const Reading *reading, const Json *json, int i, GError **error)
{
	static const char *const arguments[] = { "page", "folio", "batch", NULL };
	enum { LARGEST = 4096 };
	WatchFree *door = &reading->watch->frees[i];
	int argument;

	if (!read_symbol(reading, json, "symbol", &door->symbol, error) ||
	    !read_token(reading, json, "argument", arguments, &argument, error) ||
	    !json_bool(json, "required", &door->required, error) ||
	    !json_bool(json, "drops", &door->drops, error))
		return false;
	door->argument = argument;
	return argument != FREES_BATCH ||
	       (read_small(json, "count_at", 0, LARGEST, &door->count_at, error) &&
		read_small(json, "list_at", 0, LARGEST, &door->list_at, error));
}

static bool read_source(const Reading *reading, const Json *json, const char *member, const char **ret,
			GError **error)
{
	const char *text;

	if (!json_string(json, member, &text, error))
		return false;
	if (!is_made_of(text, "_-./"))
		return wrong(reading, "source folder or file", text, error);
	*ret = g_intern_string(text);
	return true;
}

static bool read_lockless(const Reading *reading, const Json *json, WatchWord *word, GError **error)
{
	JsonArray *array;
	Json each;

	if (!json_array_of(json, "lockless", 0, MAX_LOCKLESS, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++)
		if (!json_element(json, "lockless", array, i, &each, error) ||
		    !read_symbol(reading, &each, "function", &word->lockless[word->n_lockless++], error))
			return false;
	return true;
}

/* What has no lock is anybody's, and comes behind what has one. */
static bool read_count(const Reading *reading, const Json *json, WatchWord *word, GError **error)
{
	Watch *watch = reading->watch;
	bool mapping = false;
	gint64 mm = -1;

	if ((json_has(json, "pfn") && !read_word(json, "pfn", &word->pfn, error)) ||
	    !json_maybe_bool(json, "mapping", &mapping, error) ||
	    !json_maybe_int(json, "mm", 0, MAX_ACTORS - 1, &mm, error))
		return false;
	word->bits = G_MAXUINT64;
	if (json_has(json, "bits") && !read_word(json, "bits", &word->bits, error))
		return false;
	word->mm = mm;
	word->is = word->pfn ? COUNT_FRAMES : mapping ? COUNT_MAPPINGS
		   : mm >= 0 ? COUNT_PROCESSES : COUNT_NONE;
	if (((mapping || json_has(json, "read_in")) &&
	     !read_source(reading, json, "read_in", &word->read_in, error)) ||
	    (mapping && !json_maybe_bool(json, "ends", &word->ends, error)))
		return false;
	bool good = (word->lock >= 0) == (word->is == COUNT_NONE) && !(word->pfn && (mapping || mm >= 0)) &&
		    !(mapping && mm < 0) && (!word->is || word->bytes >= (int)sizeof(gint32));

	for (int later = word->is + 1; later < N_COUNTS; later++)
		good &= !watch->n_counts[later];
	if (!good)
		return wrong(reading, "word of any kind, in its place", word->name, error);
	watch->n_counts[word->is]++;
	return true;
}

static bool read_guarded(const Reading *reading, const Json *json, int i, GError **error)
{
	WatchWord *word = &reading->watch->words[i];

	if (!read_name(reading, json, "name", &word->name, error) ||
	    !read_word(json, "va", &word->va, error) ||
	    !read_word(json, "phys", &word->phys, error) ||
	    !read_small(json, "bytes", 1, 8, &word->bytes, error) ||
	    !read_lockless(reading, json, word, error) ||
	    !read_lock_of(reading, json, &word->lock, error) || !read_count(reading, json, word, error))
		return false;
	for (int other = 0; other < i; other++)
		if (reading->watch->words[other].name == word->name)
			return wrong(reading, "second word's name", word->name, error);
	return (arch_is_kernel(word->va) && in_ram(reading, word->phys, sizeof(guint64))) ||
	       nowhere("word", i, word->va, word->phys, error);
}

static bool read_end(const Reading *reading, const Json *json, int i, GError **error)
{
	static const char *const kinds[] = { "begins", "gone", NULL };
	WatchEnd *end = &reading->watch->ends[i];
	int kind;

	if (!read_token(reading, json, "kind", kinds, &kind, error) ||
	    !read_symbol(reading, json, "symbol", &end->symbol, error) ||
	    !read_small(json, "argument", 0, MAX_ARGUMENTS - 1, &end->argument, error) ||
	    !read_word(json, "value", &end->value, error) ||
	    !read_small(json, "group", 0, MAX_GROUPS - 1, &end->group, error))
		return false;
	end->kind = kind;
	return true;
}

static bool read_wait(const Reading *reading, const Json *json, int i, GError **error)
{
	return read_source(reading, json, "source", &reading->watch->waits[i], error);
}

static bool read_root(const Reading *reading, const Json *json, int i, GError **error)
{
	WatchRoot *root = &reading->watch->roots[i];
	gint64 mm = -1;

	if (!json_maybe_int(json, "mm", 0, MAX_ACTORS - 1, &mm, error) ||
	    !read_word(json, "phys", &root->phys, error))
		return false;
	root->mm = mm;
	return (root->phys % arch_page_bytes() == 0 && in_ram(reading, root->phys, arch_page_bytes())) ||
	       nowhere("the top of page tables", i, 0, root->phys, error);
}

/* One PTE or lock that is two would be reported once. */
static bool check_apart(const Reading *reading, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
	const Watch *watch = reading->watch;

	for (int i = 0; i < watch->n_pages; i++)
		for (int j = 0; j < watch->pages[i].n_views; j++) {
			const WatchPte *pte = &watch->pages[i].views[j].pte;

			if (pte->va && !g_hash_table_add(seen, (gpointer)&pte->phys))
				return nowhere("a second time the PTE of page", i, pte->va, pte->phys,
					       error);
		}
	for (int i = 0; i < watch->n_locks; i++)
		if (!g_hash_table_add(seen, (gpointer)&watch->locks[i].phys))
			return nowhere("a second time lock", i, watch->locks[i].va,
				       watch->locks[i].phys, error);
	return true;
}

static void add_slot(Watch *watch, int page, int view)
{
	watch->pages[page].views[view].slot = watch->n_ptes;
	watch->ptes[watch->n_ptes].page = page;
	watch->ptes[watch->n_ptes].view = view;
	watch->n_ptes++;
}

static void number_ptes(Watch *watch)
{
	/* There is room for all: so many pages, so many views. */
	G_STATIC_ASSERT((int)MAX_PAGES * (int)MAX_VIEWS <= (int)MAX_PTES);

	for (int page = 0; page < watch->n_pages; page++)
		add_slot(watch, page, 0);
	for (int page = 0; page < watch->n_pages; page++)
		for (int view = 1; view < watch->pages[page].n_views; view++) {
			watch->pages[page].views[view].slot = -1;
			if (watch->pages[page].views[view].pte.va)
				add_slot(watch, page, view);
		}
}

bool watch_parse(JsonObject *object, const char *name, int n_pages, guint64 ram_bytes, Watch *ret,
		 GError **error)
{
	const Json json = { object, name };
	const Reading reading = { name, ram_bytes, ret };
	/* Locks first: pages and words name them. */
	const struct {
		const char *member;
		ReadFunc read;
		int min, max;
		int *n;
	} parts[] = {
		{ "locks", read_lock, 0, MAX_LOCKS, &ret->n_locks },
		{ "pages", read_page, n_pages, n_pages, &ret->n_pages },
		{ "frames", read_frame, 0, MAX_FRAMES, &ret->n_frames },
		{ "frees", read_free, 1, MAX_FREES, &ret->n_frees },
		{ "words", read_guarded, 0, MAX_WORDS, &ret->n_words },
		{ "ends", read_end, 0, MAX_ENDS, &ret->n_ends },
		{ "waits", read_wait, 0, MAX_WAITS, &ret->n_waits },
		{ "roots", read_root, 0, MAX_ROOTS, &ret->n_roots },
	};

	g_assert(n_pages >= 0 && n_pages <= MAX_PAGES && ram_bytes >= arch_page_bytes());
	memset(ret, 0, sizeof(*ret));
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		JsonArray *array;
		Json element;

		if (!json_array(&json, parts[i].member, &array, error))
			return false;
		int n = MIN(json_array_get_length(array), (guint)G_MAXINT);
		if (n < parts[i].min || n > parts[i].max) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %d %s, and from %d to %d "
				    "can be watched", name, n, parts[i].member, parts[i].min,
				    parts[i].max);
			return false;
		}
		for (int j = 0; j < n; j++) {
			if (!json_element(&json, parts[i].member, array, j, &element, error) ||
			    !parts[i].read(&reading, &element, j, error))
				return false;
			*parts[i].n = j + 1;
		}
	}
	number_ptes(ret);
	ret->n_words = ret->n_counts[COUNT_NONE];
	return check_apart(&reading, error);
}

const WatchView *watch_user(const Watch *watch, int page)
{
	const WatchPage *watched = &watch->pages[page];

	for (int i = 0; i < watched->n_views; i++)
		if (watched->views[i].mm >= 0)
			return &watched->views[i];
	return NULL;
}

gint64 watch_frame(const Watch *watch, const char *role, int group)
{
	for (int i = 0; i < watch->n_frames; i++)
		if (watch->frames[i].group == group && strcmp(watch->frames[i].role, role) == 0)
			return watch->frames[i].pfn;
	return -1;
}

int watch_root(const Watch *watch, guint64 root)
{
	for (int i = 0; i < watch->n_roots; i++)
		if (watch->roots[i].phys == pte_root(root))
			return watch->roots[i].mm < 0 ? (int)ROOT_KERNEL : watch->roots[i].mm + 1;
	return ROOT_UNKNOWN;
}

int watch_count(Watch *watch, WatchCounts counts)
{
	watch->n_words = 0;
	for (int i = 0; i <= (int)counts; i++)
		watch->n_words += watch->n_counts[i];
	return watch->n_words;
}
