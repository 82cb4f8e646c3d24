// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vCPUs and where they stand: each right before its actor's next event, or
 * waiting.  Runs one of them at a time to its next stop worth knowing.
 *
 * Interrupts are held back (machine_hold_interrupts) except where this file lets
 * them in.  What happens on the way and is no decision is added to the log.
 */
#pragma once

#include "event/thread.h"
#include "event/tlb.h"
#include "event/violation.h"
#include "step/failures.h"
#include "step/sites.h"
#include "step/survey.h"

typedef enum {
	ACTOR_READY,		/* before its pending event */
	ACTOR_SPINNING,		/* at a wait for another vCPU */
	ACTOR_IDLE,		/* before a halt: sleeps */
	ACTOR_SYNC,		/* at its sync: waits for all others */
	ACTOR_RETURNED,
	ACTOR_CRASHED,		/* the kernel oopsed or panicked under it, or freed what was free */
} ActorState;

/* Where a vCPU stands: right before an event, or waiting. */
typedef struct {
	ActorState state;
	Event pending;		/* valid in ACTOR_READY */
	Regs regs;
	guint64 loaded;		/* HALF_STORE pending: what the load half read */
	guint listed;		/* at a list of pages to free: so many of it have been told */
} Context;

typedef struct {
	Context own;		/* of the actor; where an interrupt will come back to */
	Context irq;		/* of the interrupt on top of it … */
	bool in_irq;		/* … while there is one … */
	bool irq_stood;		/* … and it has stood somewhere by now: it has been taken */
	bool done;		/* with its operation; what its vCPU does now is the kernel's own */
	guint returns;		/* operations that have returned, … */
	gint64 result;		/* … the last one with that */
} Actor;

/* Of which guest what is found out is kept; the strings are the caller's. */
typedef struct {
	const char *snapshot;	/* the name of its file */
	const char *identity;	/* of contents, kernel, emulator, rig, setup; NULL: nothing is kept */
	bool anew;		/* controls are run, whatever is known */
} KeptAs;

typedef struct {
	guint64 pfn;
	int page;		/* the watched page whose PTE had it last */
} Frame;

typedef struct {
	Guest *guest;		/* not ours */
	Sites *sites;
	Actor actors[MAX_ACTORS];
	int holders[MAX_LOCKS];	/* of each lock: actor; -1: nobody … */
	guint32 held_in_irq;	/* … bits of locks: an interrupt on top of it */
	GArray *frames;		/* of Frame: all that were ever in a watched PTE */
	GArray *log;		/* of Event, since the caller emptied it */
	guint64 queues[MAX_ACTORS];	/* what guest_irq_queue() said last */
	bool interrupts;	/* some vCPU has had an interrupt from another one */
	bool irq_events;	/* and in an interrupt there was an event: it may touch anything */
	bool synced;		/* all have stood at their sync, and go on one after another */
	bool pauses;		/* … and nobody goes on there before it is asked for */
	bool new_site;		/* an unknown instruction touched something watched */
	bool no_probe;		/* do not look which frame an access uses */
	bool hasty;		/* a vCPU that is late is looked at soon: it may be at an unknown wait */
	int hangs;		/* stops by the clock that nothing explained */
	const Failures *failures;	/* NULL: nothing fails; not owned */
	int failures_left;	/* so many may still, in this schedule */
	GArray *survey;		/* of SurveyItem: what is counted, or NULL; not owned */
	bool discovering;	/* page faults are looked at */
	/* Bits of groups: */
	guint32 dying;		/* it is being taken apart */
	guint32 disarmed;	/* its PTEs are not watched meanwhile */
	guint32 gone;		/* where its lock was, there is something else now */
	guint64 over;		/* bits of words: what they counted for is free, or has ended */
	guint64 done, returned, sync;	/* guest_done(), guest_returned(), guest_sync() */
	guint64 ends[MAX_ENDS];	/* entries of the functions in Watch.ends */
	guint64 page_fault;	/* ARCH.page_fault */
	guint64 crashes[2];
	guint64 frees[MAX_FREES];	/* … and in Watch.frees; 0: this kernel has none */
	guint32 decided;	/* bits of the actors that ever stood before a decision */
	guint32 stopped;	/* bits of the kinds of sites that a breakpoint was ever hit at */
	guint flushes;		/* flush instructions that were reached, ever */
	int counts;		/* so many of the watched words are anybody's */
	guint64 unwatched;	/* bits of words: what runs is the only one to touch them */
	guint64 near;		/* bits of words: what is beside them is watched, since a site is muted */
	GPtrArray *absent;	/* names of hooks that this kernel lacks and may lack; not owned */
} Vcpus;

static inline int vcpus_number(const Vcpus *vcpus, int actor)
{
	return vcpus->guest->report.actors[actor].cpu;
}

/* The PTEs of @page are not watched: its group is being taken apart. */
static inline bool vcpus_is_disarmed(const Vcpus *vcpus, int page)
{
	return vcpus->disarmed >> vcpus->guest->watch.pages[page].group & 1;
}

/* What runs on @actor's vCPU: an interrupt, or the actor. */
static inline Context *vcpus_context(Vcpus *vcpus, int actor)
{
	Actor *self = &vcpus->actors[actor];

	return self->in_irq ? &self->irq : &self->own;
}

Vcpus *vcpus_new(Guest *guest, GError **error);
void vcpus_free(Vcpus *vcpus);

/* Set the watchpoints and breakpoints that say what happens to all that is watched: once. */
bool vcpus_watch(Vcpus *vcpus, GError **error);

/* Have these of the words that are anybody's be events, and no others. */
bool vcpus_count(Vcpus *vcpus, WatchCounts counts, GError **error);

/*
 * What is at @addr, by its number: a watched PTE, a watched page (*@ret is the view by which
 * @actor has it there), the word of a lock, a word that one guards; -1: none.
 */
int vcpus_pte_at(const Vcpus *vcpus, guint64 addr);
int vcpus_page_at(const Vcpus *vcpus, int actor, guint64 addr, const WatchView **ret);

/*
 * The same by the tables that its vCPU walks, which begin at @root (Regs.root): when a process has
 * ended its vCPU goes on with another one.
 */
int vcpus_page_walked(const Vcpus *vcpus, int actor, guint64 root, guint64 addr, const WatchView **ret);

int vcpus_lock_at(const Vcpus *vcpus, guint64 addr);
int vcpus_word_at(const Vcpus *vcpus, guint64 addr);

/* The function that frees pages that begins at @pc; NULL: none does. */
const WatchFree *vcpus_free_at(const Vcpus *vcpus, guint64 pc);

/* The @i-th page, by its struct page, that @actor gives to @door now; 0: there are not so many. */
guint64 vcpus_freed_page(const Vcpus *vcpus, int actor, const WatchFree *door, const Regs *regs,
			 guint i);

/*
 * The allocator gets a page that was in a watched PTE, or the next of a list of such.  Who drops a
 * reference does so to what is free already, or it is no event: the last one's page comes to another door.
 */
bool vcpus_pending_free(Vcpus *vcpus, int actor, const WatchFree *door, Event *ret);

/* Such an event happens; @actor goes on from where it stands, where the next page of a list may be. */
bool vcpus_free_one(Vcpus *vcpus, int actor, Event *event, GError **error);

/*
 * For controls.  @actor's vCPU, which is where the module gives a page to the allocator or where that
 * takes one, takes it to door @to instead, if that leads there: who drops a reference has the same
 * arguments, and a page that nobody refers to any more may as well be a list of it, at physical @list.
 */
bool vcpus_lead_to_door(const Vcpus *vcpus, int actor, int to, const Regs *regs, guint64 list,
			bool *ret_leads, GError **error);

/* Whether to stop at page faults, too, to find accesses that only ever fault. */
bool vcpus_discover(Vcpus *vcpus, bool on, GError **error);

/* Whether what @actor does with @word is no event: nobody else can tell when it does it. */
bool vcpus_is_guarded(const Vcpus *vcpus, int actor, int word);

/*
 * @actor is to run: leave out words that are guarded then, since each access of it would be a stop for
 * nothing, and watch all others; @pending is watched in any case, -1: none.  For a survey all are.
 */
bool vcpus_watch_words(Vcpus *vcpus, int actor, int pending, GError **error);

/*
 * Watch the PTEs and their sites, or not, as the life of their groups says: an end may go
 * through a million PTEs by the same instructions, when nobody is left to race with.
 */
bool vcpus_arm_ptes(Vcpus *vcpus, GError **error);

/*
 * A stop at @site was for nothing.  Where that is so again and again, as in the end of a process, which
 * goes through all of its pages, the site is muted: its breakpoint is out until the vCPU that runs stops
 * for good, or touches the struct of a page whose references are counted.  What it does there to
 * something watched in spite of that hits a watchpoint; then the site is never muted again, and the
 * schedule is to be begun anew.
 */
bool vcpus_pass(Vcpus *vcpus, const Site *site, GError **error);
bool vcpus_unmute(Vcpus *vcpus, GError **error);

/* Whether a watchpoint that vcpus_pass() has set is at @addr. */
bool vcpus_is_near(const Vcpus *vcpus, guint64 addr);

/* How long a vCPU may run from stop to stop now. */
int vcpus_run_seconds(const Vcpus *vcpus);

/* From a stop that is no event of interest (@step: from one that is) to the next. */
bool vcpus_advance(Vcpus *vcpus, int actor, bool step, GError **error);

/*
 * Carry out the pending event of @actor; @ret_event gets what it did.  @stale: a PTE that an
 * access goes through instead of the page's own; 0: none.
 */
bool vcpus_execute(Vcpus *vcpus, int actor, guint64 stale, Event *ret_event, GError **error);

/* From now on calls and locks of @failures, which is not owned, are decisions. */
bool vcpus_set_failures(Vcpus *vcpus, const Failures *failures, GError **error);

/* At a breakpoint: the call that @actor is about to make, or one of kind NONE. */
bool vcpus_find_call(Vcpus *vcpus, int actor, Event *ret, GError **error);

/* Whether @lock may be given up by who waits for it. */
bool vcpus_may_be_given_up(const Vcpus *vcpus, int lock);

/* Whether what @actor stands before may fail; of a lock, if somebody holds it then; and what that is. */
bool vcpus_can_fail(const Vcpus *vcpus, int actor);
Event vcpus_pending_failure(const Vcpus *vcpus, int actor);

/* Have it fail. */
bool vcpus_fail(Vcpus *vcpus, int actor, Event *ret_event, GError **error);

/*
 * Let @actor's vCPU take its interrupts, up to the first event in one (then it is in_irq), or
 * until it is back where it stands.
 */
bool vcpus_serve(Vcpus *vcpus, int actor, GError **error);

/* Once all stand at their sync, or have ended, the first of them goes on alone to its end, and so on. */
bool vcpus_end_sync(Vcpus *vcpus, GError **error);

/* Whoever waits may find that it need not any more.  @timers: let those in, too. */
bool vcpus_poll(Vcpus *vcpus, bool timers, GError **error);

/* Whether @actor's vCPU would take an interrupt now. */
bool vcpus_takes_irq(const Vcpus *vcpus, int actor);

/* Something that is no decision has happened: into the log. */
void vcpus_note(Vcpus *vcpus, Event event);

/* Look at what is queued for interrupts; what is new there was sent by @actor (-1: see nothing). */
void vcpus_note_queues(Vcpus *vcpus, int actor);

/* The reference count of the struct page at @page; a large one when it cannot be read. */
gint32 vcpus_page_users(const Vcpus *vcpus, int actor, guint64 page);

/* Every kind of site that is known was stopped at once, or RIG_ERROR_BLIND. */
bool vcpus_check_sites(const Vcpus *vcpus, GError **error);

/*
 * What decides how it goes on: stepper_state_key(), where the vCPUs' TLBs may hold @tlb and those in
 * @enabled can go on.  The caller's.
 */
char *vcpus_key(Vcpus *vcpus, const Tlb *tlb, const ThreadSet *enabled);

/* What @actor, which cannot go on, waits for. */
Wait vcpus_wait_of(Vcpus *vcpus, int actor);

/* What vCPUs may hold where a schedule starts. */
void vcpus_begin_tlb(const Vcpus *vcpus, Tlb *ret);

/* The PTEs as they are, their frames remembered. */
void vcpus_ptes(Vcpus *vcpus, guint64 ret[MAX_PTES]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vcpus, vcpus_free)
