// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a step touches, as a set of objects: the whole notion of dependence.
 *
 * A footprint is immutable and interned: equal ones are one pointer, nobody frees it, and NULL
 * is the empty one.  There are as many objects as there is use for; of each the
 * strongest way in which it is touched is kept.
 */
#pragma once

#include "event/thread.h"

/* A new kind is a row in footprint.c, too; it goes last. */
typedef enum {
	OBJECT_PTE,		/* by watched PTE: those of the kernel have their page's number */
	OBJECT_DATA,		/* by frame, since through scratch or a stale translation one page
				 * may be another */
	OBJECT_LOCK,		/* by lock */
	OBJECT_TLB,		/* by actor: what its vCPU's TLB may hold */
	OBJECT_IRQ,		/* by actor: whether its vCPU takes interrupts, and has some */
	OBJECT_OWNER,		/* by page: whose it is, as the program was told */
	OBJECT_ALLOCATOR,	/* which frame the page allocator hands out next */
	OBJECT_EMPTIED,		/* how often a watched PTE became none */
	OBJECT_USER,		/* user space's translations that are not watched themselves */
	OBJECT_WORD,		/* by word that a lock guards */
	OBJECT_REFS,		/* by page: how many references there are to what it maps */
	OBJECT_FAILURES,	/* how many calls may still fail in this schedule */
	OBJECT_KINDS,
} ObjectKind;

/* A kind, and which of that kind. */
typedef guint32 Object;

enum {
	OBJECT_INDEX_BITS = 26,
	OBJECT_EACH = (1 << OBJECT_INDEX_BITS) - 1,	/* an index: all of that kind */
};

static inline Object object_of(ObjectKind kind, guint index)
{
	return (guint32)kind << OBJECT_INDEX_BITS | index;
}

static inline ObjectKind object_kind(Object object)
{
	return (ObjectKind)(object >> OBJECT_INDEX_BITS);
}

static inline guint object_index(Object object)
{
	return object & OBJECT_EACH;
}

/* Each includes those before it. */
typedef enum {
	TOUCH_READ = 1,		/* of a lock: to find that somebody holds it */
	TOUCH_WRITE,		/* of a lock: to let it go */
	TOUCH_ACQUIRE,		/* of a lock */
} TouchLevel;

typedef struct {
	Object object;
	guint32 level;		/* TouchLevel */
} Touch;

typedef struct {
	char *text;		/* "pte0 data= lock0+" */
	guint32 kinds, written;	/* bits of ObjectKind: touched at all, written */
	guint n;
	Touch touches[];	/* by object; OBJECT_EACH comes behind all others of its kind */
} Footprint;

/* @touches in any order, an object any number of times. */
const Footprint *footprint_new(const Touch *touches, guint n);

/* Of a step after which nobody goes on: whoever moved before it moved for the last time. */
const Footprint *footprint_everything(void);

/* Their order can be observed. */
bool footprint_dependent(const Footprint *a, const Footprint *b);

/*
 * Their order can be observed and turned round: a release and an acquire of one
 * lock are never enabled together, two acquires are.
 */
bool footprint_race(const Footprint *a, const Footprint *b);

static inline const char *footprint_text(const Footprint *footprint)
{
	return footprint ? footprint->text : "";
}

/* What footprint_text() made; false: @text is damaged. */
bool footprint_parse(const char *text, const Footprint **ret);
