// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads: what an explorer chooses among.  A thread is an actor and a way in which it, or its
 * vCPU, can go on; a number names both, the kind first, so that actor a is thread a.
 *
 * The processor may drop a translation at any time.  It matters right before an access that
 * could go through a stale one, so there the same actor can go on in two ways, as it is
 * (THREAD_ACTOR) or after its TLB is empty (THREAD_EVICT).  Where it calls what may fail the
 * call does what it does (THREAD_ACTOR) or fails (THREAD_FAIL).
 */
#pragma once

#include "event/event.h"

/* A new kind goes last: the lower a thread's number, the earlier it is chosen. */
typedef enum {
	THREAD_ACTOR,		/* the actor itself */
	THREAD_IRQ,		/* the interrupts that wait for its vCPU */
	THREAD_EVICT,		/* its vCPU's TLB drops what it holds */
	THREAD_FAIL,		/* the call that the actor stands before fails */
	THREAD_KINDS,
} ThreadKind;

enum {
	MAX_THREADS = THREAD_KINDS * MAX_ACTORS,
	THREAD_SET_WORDS = (MAX_THREADS + 63) / 64,
};

/* Plans and journals write a thread as one byte. */
G_STATIC_ASSERT((int)MAX_THREADS <= G_MAXUINT8);

/* How a schedule says that a thread of @kind goes on: "run", "irq", "evict", "fail". */
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
 * Ways in which one and the same actor may go on: they are one program order, to go from one to
 * another is no context switch, and whoever lets one go on must let the others, since they
 * are gone afterwards.  An interrupt is nobody's way to go on.
 */
static inline bool thread_is_twin(int a, int b)
{
	return a != b && thread_actor(a) == thread_actor(b) && thread_kind(a) != THREAD_IRQ &&
	       thread_kind(b) != THREAD_IRQ;
}

static inline bool thread_switches(int from, int to)
{
	return from != to && !thread_is_twin(from, to);
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

/*
 * Whether going from @from to @to leaves somebody who could go on, in one way or another.  Who could
 * only give up the lock that it waits for waits.
 */
static inline bool thread_preempts(int from, int to, const ThreadSet *enabled)
{
	bool left = false;

	for (int kind = 0; kind < THREAD_FAIL; kind++) {
		int way = thread_of((ThreadKind)kind, thread_actor(from));

		left |= !thread_switches(from, way) && thread_set_has(enabled, way);
	}
	return left && thread_switches(from, to);
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

/* … and in each round one of the other ways in which the actor of @thread may go on. */
#define thread_twins_foreach(twin, thread) \
	for (int twin = thread_actor(thread); twin < MAX_THREADS; twin += MAX_ACTORS) \
		if (thread_is_twin(thread, twin))
