// SPDX-License-Identifier: GPL-2.0-only
#include "step/stepper.h"

#include <string.h>

#include "arch/pte.h"
#include "step/alone.h"
#include "step/learned.h"
#include "util/error.h"
#include "util/lose.h"

/* Every stop lets up to 122 us of guest time pass, so this is a tenth of a second. */
enum { WAIT_ROUNDS = 820 };

static const char START[] = "start";

/* What a snapshot of the machine does not hold. */
typedef struct {
	Actor actors[MAX_ACTORS];
	int holders[MAX_LOCKS];
	guint32 held_in_irq;
	guint32 dying, gone;
	guint64 over;
	bool synced;
	guint frames;		/* how many of the vcpus's, which only grow */
	GArray *events;		/* of Event: on the way to the start */
} Start;

struct Stepper {
	Vcpus *vcpus;
	Start start;
	bool started;		/* START and start are there */
	Alones *alones;		/* of actors that have run after this setup */
	int failures;		/* so many in a schedule at most */
	int controlled;		/* so many words were seen to be reported; all, if nobody wants to know */
	Tlb tlb;		/* as it is after the last move */
};

void stepper_free(Stepper *stepper)
{
	if (!stepper)
		return;
	g_clear_pointer(&stepper->start.events, g_array_unref);
	g_clear_pointer(&stepper->alones, alones_free);
	vcpus_free(stepper->vcpus);
	g_free(stepper);
}

static void take_log(Stepper *stepper, GArray *ret)
{
	GArray *log = stepper->vcpus->log;

	if (log->len)
		g_array_append_vals(ret, log->data, log->len);
	g_array_set_size(log, 0);
}

static void forget(Vcpus *vcpus)
{
	memset(vcpus->actors, 0, sizeof(vcpus->actors));
	g_array_set_size(vcpus->frames, 0);
	g_array_set_size(vcpus->log, 0);
	for (int i = 0; i < MAX_LOCKS; i++)
		vcpus->holders[i] = -1;
	vcpus->dying = vcpus->gone = 0;
	vcpus->over = 0;
	vcpus->new_site = vcpus->synced = false;
}

/* Every actor from where the guest parked it to its first event. */
static bool advance_all(Stepper *stepper, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;
	guint64 ptes[MAX_PTES];

	forget(vcpus);
	if (!guest_restore(vcpus->guest, GUEST_PARKED, error) || !vcpus_arm_ptes(vcpus, error))
		return false;
	vcpus_ptes(vcpus, ptes);
	vcpus_note_queues(vcpus, -1);
	for (int i = 0; i < vcpus->guest->n_actors && !vcpus->new_site; i++)
		if (!vcpus_advance(vcpus, i, false, error))
			return false;
	return vcpus_poll(vcpus, false, error);
}

static bool save_start(Stepper *stepper, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;
	Start *start = &stepper->start;

	memcpy(start->actors, vcpus->actors, sizeof(start->actors));
	memcpy(start->holders, vcpus->holders, sizeof(start->holders));
	start->held_in_irq = vcpus->held_in_irq;
	start->gone = vcpus->gone;
	start->over = vcpus->over;
	start->dying = vcpus->dying;
	start->synced = vcpus->synced;
	start->frames = vcpus->frames->len;
	g_clear_pointer(&start->events, g_array_unref);
	start->events = g_array_new(FALSE, FALSE, sizeof(Event));
	take_log(stepper, start->events);
	stepper->started = true;
	return guest_save(vcpus->guest, START, error);
}

static bool restore_start(Stepper *stepper, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;
	const Start *start = &stepper->start;

	memcpy(vcpus->actors, start->actors, sizeof(start->actors));
	memcpy(vcpus->holders, start->holders, sizeof(start->holders));
	vcpus->held_in_irq = start->held_in_irq;
	vcpus->gone = start->gone;
	vcpus->over = start->over;
	vcpus->dying = start->dying;
	vcpus->synced = start->synced;
	g_array_set_size(vcpus->frames, start->frames);
	g_array_set_size(vcpus->log, 0);
	vcpus->new_site = false;
	if (!guest_restore(vcpus->guest, START, error) || !vcpus_arm_ptes(vcpus, error))
		return false;
	vcpus_note_queues(vcpus, -1);
	return true;
}

static void note_translations(Stepper *stepper, const GArray *events)
{
	for (guint i = 0; i < events->len; i++)
		tlb_event(&stepper->tlb, &g_array_index(events, Event, i));
}

bool stepper_begin(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;

	if (!stepper->started && !advance_all(stepper, error))
		return false;
	vcpus->failures_left = stepper->failures;
	*ret_again = vcpus->new_site;
	if (*ret_again)
		return true;
	if (!(stepper->started ? restore_start : save_start)(stepper, error))
		return false;
	g_array_append_vals(ret_events, stepper->start.events->data, stepper->start.events->len);
	vcpus_begin_tlb(vcpus, &stepper->tlb);
	note_translations(stepper, ret_events);
	return true;
}

/* The lock's holder can always go on: AA deadlocks are rqspinlock's own business. */
static bool lock_is_taken(const Vcpus *vcpus, int lock, int actor)
{
	return guest_lock(vcpus->guest, lock) && vcpus->holders[lock] != actor;
}

/* The PTE that @actor's next access may go through instead of its own; 0: none. */
static guint64 stale_pte(const Stepper *stepper, int actor)
{
	const Actor *self = &stepper->vcpus->actors[actor];
	guint64 ptes[MAX_PTES];

	if (self->in_irq || self->own.state != ACTOR_READY ||
	    self->own.pending.kind != EVENT_ACCESS || event_slot(&self->own.pending) < 0)
		return 0;
	guest_ptes(stepper->vcpus->guest, ptes);
	int slot = event_slot(&self->own.pending);
	return tlb_stale_pte(&stepper->tlb, actor, slot,
			     pte_present(ptes[slot]) ? (gint64)pte_pfn(ptes[slot]) : -1);
}

/* Nobody gives a lock up when nobody else can go on: then that is what there is to tell. */
static void add_failures(const Stepper *stepper, ThreadSet *enabled)
{
	const Vcpus *vcpus = stepper->vcpus;
	bool stuck = thread_set_empty(enabled);

	for (int i = 0; i < vcpus->guest->n_actors; i++) {
		const Event *pending = &vcpus->actors[i].own.pending;

		if (vcpus_can_fail(vcpus, i) &&
		    (pending->kind == EVENT_CALL || (lock_is_taken(vcpus, pending->lock, i) && !stuck)))
			thread_set_add(enabled, thread_of(THREAD_FAIL, i));
	}
}

bool stepper_is_stuck(const Stepper *stepper)
{
	ThreadSet enabled = stepper_enabled(stepper);
	bool waits = false;

	for (int i = 0; i < stepper->vcpus->guest->n_actors; i++)
		waits |= vcpus_can_fail(stepper->vcpus, i);
	return waits && thread_set_empty(&enabled);
}

ThreadSet stepper_enabled(const Stepper *stepper)
{
	Vcpus *vcpus = stepper->vcpus;
	ThreadSet enabled = { { 0 } };

	for (int i = 0; i < vcpus->guest->n_actors; i++) {
		const Context *at = vcpus_context(vcpus, i);

		if (vcpus->actors[i].own.state == ACTOR_CRASHED)
			return (ThreadSet){ { 0 } };
		/* An interrupt comes to its end before the actor goes on. */
		if (at->state == ACTOR_READY &&
		    !(at->pending.kind == EVENT_LOCK && lock_is_taken(vcpus, at->pending.lock, i)))
			thread_set_add(&enabled, thread_of(vcpus->actors[i].in_irq ? THREAD_IRQ
									   : THREAD_ACTOR, i));
		if (vcpus_takes_irq(vcpus, i))
			thread_set_add(&enabled, thread_of(THREAD_IRQ, i));
		if (stale_pte(stepper, i))
			thread_set_add(&enabled, thread_of(THREAD_EVICT, i));
	}
	add_failures(stepper, &enabled);
	return enabled;
}

bool stepper_pending(const Stepper *stepper, int thread, Event *ret)
{
	Vcpus *vcpus = stepper->vcpus;
	int actor = thread_actor(thread);
	const Actor *self = &vcpus->actors[actor];

	switch (thread_kind(thread)) {
	case THREAD_ACTOR:
		*ret = self->own.pending;
		return self->own.state == ACTOR_READY;
	case THREAD_EVICT:
		*ret = (Event){ .kind = EVENT_EVICT, .actor = actor, .page = self->own.pending.page };
		return stale_pte(stepper, actor) != 0;
	case THREAD_FAIL:
		*ret = vcpus_pending_failure(vcpus, actor);
		return vcpus_can_fail(vcpus, actor);
	case THREAD_IRQ:
		if (self->in_irq) {
			*ret = self->irq.pending;
			return self->irq.state == ACTOR_READY;
		}
		/* One that is masked is pending all the same: it races with the masking. */
		*ret = (Event){ .kind = EVENT_IRQ, .actor = actor, .irq = true, .page = -1,
				.opaque = vcpus->irq_events };
		return guest_irq_queue(vcpus->guest, actor) != 0;
	case THREAD_KINDS:
		break;
	}
	g_assert_not_reached();
}

/* What the move of a thread is, without what others make of it. */
static bool execute(Stepper *stepper, int thread, Event *ret_event, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;
	int actor = thread_actor(thread);

	if (thread_kind(thread) == THREAD_ACTOR ||
	    (thread_kind(thread) == THREAD_IRQ && vcpus->actors[actor].in_irq))
		return vcpus_execute(vcpus, actor, stale_pte(stepper, actor), ret_event, error);
	if (thread_kind(thread) == THREAD_FAIL)
		return vcpus_fail(vcpus, actor, ret_event, error);
	stepper_pending(stepper, thread, ret_event);
	vcpus_ptes(vcpus, ret_event->before);
	memcpy(ret_event->after, ret_event->before, sizeof(ret_event->after));
	if (thread_kind(thread) == THREAD_EVICT)
		return machine_flush_tlb(vcpus->guest->machine,
					 vcpus->guest->report.actors[actor].cpu, error);
	return vcpus_serve(vcpus, actor, error);
}

/* What happened by now is the caller's.  *@ret_again: it happened to sites nobody knew. */
static void finish(Stepper *stepper, GArray *ret_events, bool *ret_again)
{
	take_log(stepper, ret_events);
	note_translations(stepper, ret_events);
	*ret_again = stepper->vcpus->new_site;
	/* Where actors stood before a site was known is not where they stand with it. */
	if (*ret_again)
		stepper->started = false;
}

bool stepper_move_to_sync(Stepper *stepper, int thread, GArray *ret_events, bool *ret_at_sync,
			  bool *ret_again, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;
	bool before = vcpus->synced;
	Event event;

	if (!execute(stepper, thread, &event, error))
		return false;
	g_array_append_val(ret_events, event);
	vcpus->pauses = true;
	bool polled = vcpus_poll(vcpus, false, error);
	vcpus->pauses = false;
	if (!polled)
		return false;
	*ret_at_sync = vcpus->synced && !before;
	finish(stepper, ret_events, ret_again);
	return true;
}

bool stepper_pass_sync(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error)
{
	if (!vcpus_end_sync(stepper->vcpus, error))
		return false;
	finish(stepper, ret_events, ret_again);
	return true;
}

bool stepper_move(Stepper *stepper, int thread, GArray *ret_events, bool *ret_again,
		  GError **error)
{
	bool at_sync;

	return stepper_move_to_sync(stepper, thread, ret_events, &at_sync, ret_again, error) &&
	       (!at_sync || *ret_again || stepper_pass_sync(stepper, ret_events, ret_again, error));
}

static bool somebody_can_move(const Stepper *stepper)
{
	ThreadSet enabled = stepper_enabled(stepper);

	return !thread_set_empty(&enabled);
}

static bool somebody_waits(Vcpus *vcpus)
{
	for (int i = 0; i < vcpus->guest->n_actors; i++) {
		ActorState state = vcpus_context(vcpus, i)->state;

		if (state == ACTOR_SPINNING || (state == ACTOR_IDLE && !vcpus->actors[i].done))
			return true;
	}
	return false;
}

/* Guest time passes, for those who wait. */
static bool wait_for_time(Stepper *stepper, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;

	for (int i = 0; i < WAIT_ROUNDS && !vcpus->new_site && !somebody_can_move(stepper) &&
			somebody_waits(vcpus); i++)
		if (!vcpus_poll(vcpus, true, error))
			return false;
	return true;
}

static bool note_scheduled(const Vcpus *vcpus, guint64 scheduled[MAX_ACTORS])
{
	bool changed = false;

	for (int i = 0; i < vcpus->guest->n_actors; i++) {
		guint64 now = guest_scheduled(vcpus->guest, i);

		changed |= now != scheduled[i];
		scheduled[i] = now;
	}
	return changed;
}

/*
 * All have returned, and kernel threads do what was left to them.  A round in which no vCPU
 * has run a task and none has got one to run is as the next would be.
 */
static bool come_to_rest(Stepper *stepper, GError **error)
{
	enum { MAX_ROUNDS = 1000 };
	Vcpus *vcpus = stepper->vcpus;
	guint64 scheduled[MAX_ACTORS] = { 0 };

	for (int i = 0; i < MAX_ROUNDS; i++) {
		if (vcpus->new_site || somebody_can_move(stepper) || somebody_waits(vcpus) ||
		    !note_scheduled(vcpus, scheduled))
			return true;
		if (!vcpus_poll(vcpus, false, error))
			return false;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "kernel threads go on and on after the last operation has returned");
	return false;
}

bool stepper_wait(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;

	if (somebody_waits(vcpus) ? !wait_for_time(stepper, error)
				  : vcpus->guest->report.has_deferred_work && !come_to_rest(stepper, error))
		return false;
	finish(stepper, ret_events, ret_again);
	return true;
}

static int first_enabled(const Stepper *stepper, const ThreadSet *only)
{
	ThreadSet enabled = thread_set_common(stepper_enabled(stepper), only);

	return thread_set_next(&enabled, -1);
}

/* Run the threads of @only, the first that can go on each time, until none can. */
static bool run_through(Stepper *stepper, const ThreadSet *only, bool *ret_again, GError **error)
{
	g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(Event));
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	int next;

	if (!stepper_begin(stepper, events, ret_again, error))
		return false;
	/* Alone, an actor may go round in a cycle that is only broken by another one. */
	while (!*ret_again && (next = first_enabled(stepper, only)) >= 0 &&
	       g_hash_table_add(seen, stepper_state_key(stepper)))
		if (!stepper_move(stepper, next, events, ret_again, error))
			return false;
	return true;
}

/* As often as it takes to know all that the threads of @only touch. */
static bool discover(Stepper *stepper, const ThreadSet *only, GError **error)
{
	bool again;

	do {
		stepper->started = false;
		if (!run_through(stepper, only, &again, error))
			return false;
	} while (again);
	return true;
}

/* @actor alone, or what was seen when it ran so before; @setup: NULL where nobody knows what it runs. */
static bool learn_alone(Stepper *stepper, const Setup *setup, int actor, ThreadSet threads, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;
	const Alone *known = setup ? alones_find(stepper->alones, setup, actor) : NULL;
	Alone before = { false, vcpus->interrupts, vcpus->irq_events }, seen;

	if (known) {
		seen = *known;
	} else {
		for (int other = 0; other < MAX_ACTORS; other++)
			if (other != actor)
				thread_set_remove(&threads, thread_of(THREAD_ACTOR, other));
		vcpus->interrupts = vcpus->irq_events = false;
		if (!discover(stepper, &threads, error))
			return false;
		seen = (Alone){ vcpus->decided >> actor & 1, vcpus->interrupts, vcpus->irq_events };
		if (setup)
			alones_note(stepper->alones, setup, actor, seen);
	}
	vcpus->decided |= (guint32)seen.decided << actor;
	vcpus->interrupts = before.interrupts || seen.interrupts;
	vcpus->irq_events = before.irq_events || seen.irq_events;
	return true;
}

/* All sites of all actors, each alone first. */
static bool learn(Stepper *stepper, const Setup *setup, GError **error)
{
	ThreadSet all = { { 0 } };

	/* What comes of a failure is learnt where it fails. */
	for (int thread = 0; thread < thread_of(THREAD_FAIL, 0); thread++)
		thread_set_add(&all, thread);
	if (!vcpus_discover(stepper->vcpus, true, error))
		return false;
	for (int i = 0; i < stepper->vcpus->guest->n_actors; i++)
		if (!learn_alone(stepper, setup, i, all, error))
			return false;
	if (!discover(stepper, &all, error) || !vcpus_discover(stepper->vcpus, false, error) ||
	    !vcpus_check_sites(stepper->vcpus, error))
		return false;
	stepper->started = false;
	return true;
}

/* The same, from what is known of it. */
static bool learn_once(Stepper *stepper, const KeptAs *as, const Setup *setup, GError **error)
{
	g_auto(Kept) kept = learned_init(stepper->vcpus, as, setup);
	g_autofree char *expected = NULL;

	return learned_take(stepper->vcpus, &kept, &expected, error) &&
	       learn(stepper, setup, error) &&
	       learned_end(stepper->vcpus, &kept, expected, error);
}

Stepper *stepper_new(Guest *guest, const StepperOptions *options, Controls *controls, GError **error)
{
	g_autoptr(Stepper) stepper = g_new0(Stepper, 1);

	stepper->failures = options->failures ? options->n_failures : 0;
	stepper->alones = alones_new();
	stepper->vcpus = vcpus_new(guest, error);
	if (!stepper->vcpus ||
	    (options->setup && !(setup_run(stepper->vcpus, options->setup, error) &&
				 setup_count(stepper->vcpus, options->setup, error))) ||
	    (controls && !lose("controls") &&
	     !control_once(stepper->vcpus, &options->kept, controls, error)) ||
	    (options->failures && !vcpus_set_failures(stepper->vcpus, options->failures, error)))
		return NULL;
	stepper->vcpus->hasty = true;
	stepper->controlled = controls && !lose("controls") ? guest->watch.n_words : MAX_WORDS;
	return learn_once(stepper, &options->kept, options->setup, error) ? g_steal_pointer(&stepper) : NULL;
}

bool stepper_program(Stepper *stepper, const Setup *setup, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;

	/* What is dependent on what hangs on these: each text starts without them. */
	vcpus->interrupts = vcpus->irq_events = false;
	vcpus->decided = 0;
	if (!setup_program(vcpus, setup, error) || !setup_count(vcpus, setup, error) ||
	    !control_words(vcpus, stepper->controlled, error))
		return false;
	stepper->controlled = MAX(stepper->controlled, vcpus->guest->watch.n_words);
	return learn(stepper, setup, error);
}

void stepper_skip_probe(Stepper *stepper)
{
	stepper->vcpus->no_probe = true;
}

bool stepper_survey(Stepper *stepper, GArray *survey, GError **error)
{
	Vcpus *vcpus = stepper->vcpus;
	GArray *before = vcpus->survey;

	vcpus->survey = survey;
	/* It counts who comes to those functions itself. */
	return sites_open_gates(vcpus->sites, error) &&
	       (!before || survey_arm(before, vcpus->guest->machine, false, error)) &&
	       (!survey || survey_arm(survey, vcpus->guest->machine, true, error));
}

ActorState stepper_state(const Stepper *stepper, int actor)
{
	const Actor *self = &stepper->vcpus->actors[actor];

	if (self->in_irq)
		return vcpus_context(stepper->vcpus, actor)->state;
	return self->done && self->own.state == ACTOR_IDLE ? ACTOR_RETURNED : self->own.state;
}

const Regs *stepper_regs(const Stepper *stepper, int actor)
{
	return &vcpus_context(stepper->vcpus, actor)->regs;
}

Wait stepper_wait_of(const Stepper *stepper, int actor)
{
	return vcpus_wait_of(stepper->vcpus, actor);
}

Irqs stepper_irqs(const Stepper *stepper)
{
	const Vcpus *vcpus = stepper->vcpus;

	return vcpus->irq_events ? IRQS_EVENTS : vcpus->interrupts ? IRQS_SENT : IRQS_NONE;
}

void stepper_expect_irqs(Stepper *stepper, Irqs irqs)
{
	stepper->vcpus->interrupts |= irqs >= IRQS_SENT;
	stepper->vcpus->irq_events |= irqs >= IRQS_EVENTS;
}

bool stepper_has_decided(const Stepper *stepper, int actor)
{
	return stepper->vcpus->decided >> actor & 1;
}

char **stepper_absent_hooks(const Stepper *stepper)
{
	const GPtrArray *absent = stepper->vcpus->absent;
	char **names = g_new0(char *, absent->len + 1);

	for (guint i = 0; i < absent->len; i++)
		names[i] = g_strdup(g_ptr_array_index(absent, i));
	return names;
}

char *stepper_state_key(const Stepper *stepper)
{
	ThreadSet enabled = stepper_enabled(stepper);

	return vcpus_key(stepper->vcpus, &stepper->tlb, &enabled);
}

const Sites *stepper_sites(const Stepper *stepper)
{
	return stepper->vcpus->sites;
}
