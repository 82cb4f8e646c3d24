// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event touches, as sets of objects: the whole notion of dependence.
 *
 * Threads are numbered: actor a is thread a, the interrupts of its vCPU are thread
 * 8 + a.  Thread 16 + a is the same actor, which goes on after its TLB has given up what
 * it held: the processor may do that at any time, and it matters right before an
 * access that could go through a stale translation.  Objects are bits: watched PTEs, the data behind them
 * (one object: through scratch or a stale translation any page may be any
 * other), locks, each vCPU's TLB and whether it takes interrupts.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum {
	SCHEDULE_ACTORS = 8,
	SCHEDULE_THREADS = 3 * SCHEDULE_ACTORS,
	THREAD_IRQ = SCHEDULE_ACTORS,
	THREAD_EVICT = 2 * SCHEDULE_ACTORS,
	OBJECT_PTE = 0,			/* + page, 8 of them */
	OBJECT_DATA = 8,
	OBJECT_LOCK = 9,		/* + lock, 7 of them */
	OBJECT_TLB = 16,		/* + vCPU, 8 of them */
	OBJECT_IRQ = 24,		/* + vCPU, 8 of them: whether it takes interrupts */
};

static const guint32 OBJECTS_LOCKS = 0x7fu << OBJECT_LOCK;

typedef struct {
	guint32 reads, writes;
	/* Locks taken; they are in writes, too, as are those let go. */
	guint32 acquires;
} Footprint;

/* Their order can be observed. */
static inline bool footprint_dependent(const Footprint *a, const Footprint *b)
{
	return (a->writes & (b->reads | b->writes)) || (a->reads & b->writes);
}

/*
 * Their order can be observed and turned round: a release and an acquire of one
 * lock are never enabled together, two acquires are.
 */
static inline bool footprint_race(const Footprint *a, const Footprint *b)
{
	return (((a->writes & (b->reads | b->writes)) | (a->reads & b->writes)) &
		~OBJECTS_LOCKS) || (a->acquires & b->acquires);
}

static inline Footprint footprint_join(Footprint a, Footprint b)
{
	return (Footprint){ a.reads | b.reads, a.writes | b.writes, a.acquires | b.acquires };
}

/* Of a step after which nobody goes on: whoever moved before it moved for the last time. */
static inline Footprint footprint_everything(void)
{
	return (Footprint){ ~0u, ~0u, OBJECTS_LOCKS };
}

static inline bool thread_is_irq(int thread)
{
	return thread / SCHEDULE_ACTORS == THREAD_IRQ / SCHEDULE_ACTORS;
}

static inline bool thread_is_evict(int thread)
{
	return thread / SCHEDULE_ACTORS == THREAD_EVICT / SCHEDULE_ACTORS;
}

/*
 * The other way the same actor may go on, or -1.  The two are one program order, to go
 * from one to the other is no context switch, and whoever lets one go on must
 * let the other, since it is gone afterwards.
 */
static inline int thread_twin(int thread)
{
	return thread_is_irq(thread) ? -1 : (thread + THREAD_EVICT) % (2 * THREAD_EVICT);
}

static inline bool thread_switches(int from, int to)
{
	return from != to && thread_twin(from) != to;
}

/* Whose vCPU a thread runs on. */
static inline int thread_actor(int thread)
{
	return thread % SCHEDULE_ACTORS;
}
