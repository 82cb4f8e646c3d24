// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/footprint.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	bool single;		/* there is one of that kind */
} KINDS[] = {
	[OBJECT_PTE] = { "pte", false },	[OBJECT_DATA] = { "data", false },
	[OBJECT_LOCK] = { "lock", false },	[OBJECT_TLB] = { "tlb", false },
	[OBJECT_IRQ] = { "irq", false },	[OBJECT_OWNER] = { "owner", false },
	[OBJECT_ALLOCATOR] = { "allocator", true },
	[OBJECT_EMPTIED] = { "emptied", true },	[OBJECT_USER] = { "user", true },
	[OBJECT_WORD] = { "word", false },	[OBJECT_REFS] = { "refs", false },
	[OBJECT_FAILURES] = { "failures", true },
};

G_STATIC_ASSERT(G_N_ELEMENTS(KINDS) == OBJECT_KINDS);
/* Footprint.kinds has a bit for each, an Object room for its number. */
G_STATIC_ASSERT((int)OBJECT_KINDS <= 32 && (int)OBJECT_INDEX_BITS <= 27);
G_STATIC_ASSERT((int)MAX_ACTORS < (int)OBJECT_EACH && (int)MAX_PTES < (int)OBJECT_EACH);
/* They are hashed and compared as bytes. */
G_STATIC_ASSERT(sizeof(Touch) == sizeof(Object) + sizeof(guint32));

/* How a touch is written behind its object's name. */
static const char *const LEVELS[] = {
	[TOUCH_READ] = "", [TOUCH_WRITE] = "=", [TOUCH_ACQUIRE] = "+",
};

/* What every footprint of this process is in: they are shared by the threads that run guests. */
static GHashTable *interned;
G_LOCK_DEFINE_STATIC(interned);

static guint footprint_hash(gconstpointer key)
{
	const Footprint *footprint = key;
	guint hash = footprint->n;

	for (guint i = 0; i < footprint->n; i++)
		hash = hash * 31 + footprint->touches[i].object * 4 + footprint->touches[i].level;
	return hash;
}

static gboolean footprint_equal(gconstpointer a, gconstpointer b)
{
	const Footprint *one = a, *other = b;

	return one->n == other->n &&
	       memcmp(one->touches, other->touches, one->n * sizeof(Touch)) == 0;
}

static char *make_text(const Footprint *footprint)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < footprint->n; i++) {
		Object object = footprint->touches[i].object;
		ObjectKind kind = object_kind(object);

		g_string_append_printf(text, "%s%s", i ? " " : "", KINDS[kind].name);
		if (object_index(object) == OBJECT_EACH)
			g_string_append_c(text, '*');
		else if (!KINDS[kind].single)
			g_string_append_printf(text, "%u", object_index(object));
		g_string_append(text, LEVELS[footprint->touches[i].level]);
	}
	return g_string_free(text, FALSE);
}

/* The one that equals @like, which is the caller's. */
static const Footprint *intern(const Footprint *like)
{
	gsize size = sizeof(*like) + like->n * sizeof(Touch);

	G_LOCK(interned);
	if (!interned)
		interned = g_hash_table_new(footprint_hash, footprint_equal);
	Footprint *found = g_hash_table_lookup(interned, like);
	if (!found) {
		found = g_malloc(size);
		memcpy(found, like, size);
		found->text = make_text(like);
		g_hash_table_add(interned, found);
	}
	G_UNLOCK(interned);
	return found;
}

/* Into the order of objects; few, and mostly in order already. */
static void add(Footprint *to, Touch touch)
{
	guint at = to->n;

	while (at && to->touches[at - 1].object > touch.object)
		at--;
	if (at && to->touches[at - 1].object == touch.object) {
		to->touches[at - 1].level = MAX(to->touches[at - 1].level, touch.level);
		return;
	}
	memmove(to->touches + at + 1, to->touches + at, (to->n - at) * sizeof(touch));
	to->touches[at] = touch;
	to->n++;
}

/* Whether the one of all objects of its kind says as much as touch @i. */
static bool is_covered(const Footprint *footprint, guint i)
{
	Touch touch = footprint->touches[i];

	for (guint j = i + 1; j < footprint->n; j++)
		if (footprint->touches[j].object ==
		    object_of(object_kind(touch.object), OBJECT_EACH))
			return touch.level <= footprint->touches[j].level;
	return false;
}

const Footprint *footprint_new(const Touch *touches, guint n)
{
	union {
		Footprint like;
		guint8 room[sizeof(Footprint) + 32 * sizeof(Touch)];
	} few;
	g_autofree Footprint *many =
		n > 32 ? g_malloc(sizeof(Footprint) + n * sizeof(Touch)) : NULL;
	Footprint *like = many ? many : &few.like;
	guint kept = 0;

	*like = (Footprint){ 0 };
	for (guint i = 0; i < n; i++)
		add(like, touches[i]);
	for (guint i = 0; i < like->n; i++) {
		Touch touch = like->touches[i];
		guint32 kind = 1u << object_kind(touch.object);

		if (is_covered(like, i))
			continue;
		like->kinds |= kind;
		like->written |= touch.level >= TOUCH_WRITE ? kind : 0;
		like->touches[kept++] = touch;
	}
	like->n = kept;
	return kept ? intern(like) : NULL;
}

const Footprint *footprint_everything(void)
{
	Touch touches[OBJECT_KINDS];

	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		touches[kind] = (Touch){
			object_of(kind, KINDS[kind].single ? 0 : OBJECT_EACH),
			kind == OBJECT_LOCK ? TOUCH_ACQUIRE : TOUCH_WRITE,
		};
	return footprint_new(touches, OBJECT_KINDS);
}

static bool same_object(Object a, Object b)
{
	return a == b || (object_kind(a) == object_kind(b) &&
			  (object_index(a) == OBJECT_EACH || object_index(b) == OBJECT_EACH));
}

/*
 * Whether there is an object that both touch and one of them writes.  @race: a lock that one of
 * them lets go the other could not have taken.
 */
static bool meet(const Footprint *a, const Footprint *b, bool race)
{
	if (!a || !b || !((a->written & b->kinds) | (a->kinds & b->written)))
		return false;
	for (guint i = 0; i < a->n; i++)
		for (guint j = 0; j < b->n; j++) {
			Touch one = a->touches[i], other = b->touches[j];

			if (!same_object(one.object, other.object))
				continue;
			if (MAX(one.level, other.level) >= TOUCH_WRITE &&
			    !(race && object_kind(one.object) == OBJECT_LOCK &&
			      MIN(one.level, other.level) == TOUCH_WRITE))
				return true;
		}
	return false;
}

bool footprint_dependent(const Footprint *a, const Footprint *b)
{
	return meet(a, b, false);
}

bool footprint_race(const Footprint *a, const Footprint *b)
{
	return meet(a, b, true);
}

static bool parse_touch(const char *word, Touch *ret)
{
	ObjectKind kind;
	guint64 index = 0;
	char *end;

	for (kind = 0; kind < OBJECT_KINDS; kind++)
		if (strspn(word, "abcdefghijklmnopqrstuvwxyz") == strlen(KINDS[kind].name) &&
		    g_str_has_prefix(word, KINDS[kind].name))
			break;
	if (kind == OBJECT_KINDS)
		return false;
	word += strlen(KINDS[kind].name);
	end = (char *)word;
	if (*word == '*' && !KINDS[kind].single) {
		index = OBJECT_EACH;
		end++;
	} else if (!KINDS[kind].single) {
		index = g_ascii_strtoull(word, &end, 10);
		if (!g_ascii_isdigit(*word) || index >= OBJECT_EACH)
			return false;
	}
	ret->object = object_of(kind, index);
	for (ret->level = TOUCH_READ; ret->level < G_N_ELEMENTS(LEVELS); ret->level++)
		if (strcmp(end, LEVELS[ret->level]) == 0)
			return true;
	return false;
}

bool footprint_parse(const char *text, const Footprint **ret)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	guint n = *text ? g_strv_length(words) : 0;
	g_autofree Touch *touches = g_new(Touch, n);

	for (guint i = 0; i < n; i++)
		if (!parse_touch(words[i], &touches[i]))
			return false;
	*ret = footprint_new(touches, n);
	return true;
}
