// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads: what an explorer chooses among.  A thread is an actor and a way in which it, or its
 * vCPU, can go on; a number names both, the kind first, so that actor a is thread a.
 *
 * The processor may drop a translation at any time.  It matters right before an access that
 * could go through a stale one, so there the same actor can go on in two ways, as it is
 * (THREAD_ACTOR) or after its TLB is empty (THREAD_EVICT).
 */
#pragma once

#include "event/event.h"

/* A new kind goes last: the lower a thread's number, the earlier it is chosen. */
typedef enum {
	THREAD_ACTOR,		/* the actor itself */
	THREAD_IRQ,		/* the interrupts that wait for its vCPU */
	THREAD_EVICT,		/* its vCPU's TLB drops what it holds */
	THREAD_KINDS,
} ThreadKind;

enum {
	MAX_THREADS = THREAD_KINDS * MAX_ACTORS,
	THREAD_SET_WORDS = (MAX_THREADS + 63) / 64,
};

/* Plans and journals write a thread as one byte. */
G_STATIC_ASSERT((int)MAX_THREADS <= G_MAXUINT8);

/* How a schedule says that a thread of @kind goes on: "run", "irq", "evict". */
const char *thread_verb(ThreadKind kind);

/* "run0" is actor 0 itself; the caller's. */
char *thread_name(int thread);

/* What thread_name() made; -1: @name is damaged. */
int thread_parse(const char *name);

/* All zeroes is the empty set. */
typedef struct {
	guint64 words[THREAD_SET_WORDS];
} ThreadSet;

static inline int thread_of(ThreadKind kind, int actor)
{
	return kind * MAX_ACTORS + actor;
}

static inline ThreadKind thread_kind(int thread)
{
	return (ThreadKind)(thread / MAX_ACTORS);
}

/* Whose vCPU a thread runs on. */
static inline int thread_actor(int thread)
{
	return thread % MAX_ACTORS;
}

/*
 * The other way the same actor may go on, or -1.  The two are one program order, to go
 * from one to the other is no context switch, and whoever lets one go on must
 * let the other, since it is gone afterwards.
 */
static inline int thread_twin(int thread)
{
	switch (thread_kind(thread)) {
	case THREAD_ACTOR:
		return thread_of(THREAD_EVICT, thread_actor(thread));
	case THREAD_EVICT:
		return thread_of(THREAD_ACTOR, thread_actor(thread));
	default:
		return -1;
	}
}

static inline bool thread_switches(int from, int to)
{
	return from != to && thread_twin(from) != to;
}

static inline bool thread_set_has(const ThreadSet *set, int thread)
{
	return set->words[thread / 64] >> (thread % 64) & 1;
}

static inline void thread_set_add(ThreadSet *set, int thread)
{
	set->words[thread / 64] |= G_GUINT64_CONSTANT(1) << (thread % 64);
}

static inline void thread_set_remove(ThreadSet *set, int thread)
{
	set->words[thread / 64] &= ~(G_GUINT64_CONSTANT(1) << (thread % 64));
}

static inline bool thread_set_equal(const ThreadSet *a, const ThreadSet *b)
{
	for (int i = 0; i < THREAD_SET_WORDS; i++)
		if (a->words[i] != b->words[i])
			return false;
	return true;
}

static inline ThreadSet thread_set_union(ThreadSet a, const ThreadSet *b)
{
	for (int i = 0; i < THREAD_SET_WORDS; i++)
		a.words[i] |= b->words[i];
	return a;
}

static inline ThreadSet thread_set_common(ThreadSet a, const ThreadSet *b)
{
	for (int i = 0; i < THREAD_SET_WORDS; i++)
		a.words[i] &= b->words[i];
	return a;
}

/* Those of @a that are not in @b. */
static inline ThreadSet thread_set_without(ThreadSet a, const ThreadSet *b)
{
	for (int i = 0; i < THREAD_SET_WORDS; i++)
		a.words[i] &= ~b->words[i];
	return a;
}

static inline int thread_set_size(const ThreadSet *set)
{
	int size = 0;

	for (int i = 0; i < THREAD_SET_WORDS; i++)
		size += __builtin_popcountll(set->words[i]);
	return size;
}

/* The first one after @thread (-1: of all), or -1. */
static inline int thread_set_next(const ThreadSet *set, int thread)
{
	for (int i = thread + 1; i < MAX_THREADS; i = (i / 64 + 1) * 64) {
		guint64 rest = set->words[i / 64] >> (i % 64);

		if (rest)
			return i + __builtin_ctzll(rest);
	}
	return -1;
}

static inline bool thread_set_empty(const ThreadSet *set)
{
	return thread_set_next(set, -1) < 0;
}

/* Whether going from @from to @to leaves somebody who could go on, in one way or the other. */
static inline bool thread_preempts(int from, int to, const ThreadSet *enabled)
{
	int twin = thread_twin(from);

	return thread_switches(from, to) &&
	       (thread_set_has(enabled, from) || (twin >= 0 && thread_set_has(enabled, twin)));
}

static inline ThreadSet thread_set_single(int thread)
{
	ThreadSet set = { { 0 } };

	thread_set_add(&set, thread);
	return set;
}

/* Names with a blank between them, in order; the caller's. */
char *thread_set_format(const ThreadSet *set);

/* False: @text is damaged. */
bool thread_set_parse(const char *text, ThreadSet *ret);

/* One more @thread in each round: those in @set, in order. */
#define thread_set_foreach(thread, set) \
	for (int thread = thread_set_next(set, -1); thread >= 0; \
	     thread = thread_set_next(set, thread))
