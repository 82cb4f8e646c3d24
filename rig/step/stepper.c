// SPDX-License-Identifier: GPL-2.0-only
#include "step/stepper.h"

#include <string.h>

#include "arch/pte.h"
#include "step/alone.h"
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
	guint frames;		/* how many of the stage's, which only grow */
	GArray *events;		/* of Event: on the way to the start */
} Start;

struct Stepper {
	Stage *stage;
	Start start;
	bool started;		/* START and start are there */
	Alones *alones;		/* of actors that have run after this setup */
	int failures;		/* so many in a schedule at most */
	Tlb tlb;		/* as it is after the last move */
};

void stepper_free(Stepper *stepper)
{
	if (!stepper)
		return;
	g_clear_pointer(&stepper->start.events, g_array_unref);
	g_clear_pointer(&stepper->alones, alones_free);
	stage_free(stepper->stage);
	g_free(stepper);
}

static void take_log(Stepper *stepper, GArray *ret)
{
	GArray *log = stepper->stage->log;

	if (log->len)
		g_array_append_vals(ret, log->data, log->len);
	g_array_set_size(log, 0);
}

static void forget(Stage *stage)
{
	memset(stage->actors, 0, sizeof(stage->actors));
	g_array_set_size(stage->frames, 0);
	g_array_set_size(stage->log, 0);
	for (int i = 0; i < MAX_LOCKS; i++)
		stage->holders[i] = -1;
	stage->dying = stage->gone = 0;
	stage->over = 0;
	stage->new_site = stage->synced = false;
}

/* Every actor from where the guest parked it to its first event. */
static bool advance_all(Stepper *stepper, GError **error)
{
	Stage *stage = stepper->stage;
	guint64 ptes[MAX_PTES];

	forget(stage);
	if (!guest_restore(stage->guest, GUEST_PARKED, error) || !stage_arm_ptes(stage, error))
		return false;
	stage_ptes(stage, ptes);
	stage_note_queues(stage, -1);
	for (int i = 0; i < stage->guest->n_actors && !stage->new_site; i++)
		if (!stage_advance(stage, i, false, error))
			return false;
	return stage_poll(stage, false, error);
}

static bool save_start(Stepper *stepper, GError **error)
{
	Stage *stage = stepper->stage;
	Start *start = &stepper->start;

	memcpy(start->actors, stage->actors, sizeof(start->actors));
	memcpy(start->holders, stage->holders, sizeof(start->holders));
	start->held_in_irq = stage->held_in_irq;
	start->gone = stage->gone;
	start->over = stage->over;
	start->dying = stage->dying;
	start->synced = stage->synced;
	start->frames = stage->frames->len;
	g_clear_pointer(&start->events, g_array_unref);
	start->events = g_array_new(FALSE, FALSE, sizeof(Event));
	take_log(stepper, start->events);
	stepper->started = true;
	return guest_save(stage->guest, START, error);
}

static bool restore_start(Stepper *stepper, GError **error)
{
	Stage *stage = stepper->stage;
	const Start *start = &stepper->start;

	memcpy(stage->actors, start->actors, sizeof(start->actors));
	memcpy(stage->holders, start->holders, sizeof(start->holders));
	stage->held_in_irq = start->held_in_irq;
	stage->gone = start->gone;
	stage->over = start->over;
	stage->dying = start->dying;
	stage->synced = start->synced;
	g_array_set_size(stage->frames, start->frames);
	g_array_set_size(stage->log, 0);
	stage->new_site = false;
	if (!guest_restore(stage->guest, START, error) || !stage_arm_ptes(stage, error))
		return false;
	stage_note_queues(stage, -1);
	return true;
}

static void note_translations(Stepper *stepper, const GArray *events)
{
	for (guint i = 0; i < events->len; i++)
		tlb_event(&stepper->tlb, &g_array_index(events, Event, i));
}

bool stepper_begin(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error)
{
	Stage *stage = stepper->stage;

	if (!stepper->started && !advance_all(stepper, error))
		return false;
	stage->failures_left = stepper->failures;
	*ret_again = stage->new_site;
	if (*ret_again)
		return true;
	if (!(stepper->started ? restore_start : save_start)(stepper, error))
		return false;
	g_array_append_vals(ret_events, stepper->start.events->data, stepper->start.events->len);
	stage_begin_tlb(stage, &stepper->tlb);
	note_translations(stepper, ret_events);
	return true;
}

/* The lock's holder can always go on: AA deadlocks are rqspinlock's own business. */
static bool lock_is_taken(const Stage *stage, int lock, int actor)
{
	return guest_lock(stage->guest, lock) && stage->holders[lock] != actor;
}

/* The PTE that @actor's next access may go through instead of its own; 0: none. */
static guint64 stale_pte(const Stepper *stepper, int actor)
{
	const Actor *self = &stepper->stage->actors[actor];
	guint64 ptes[MAX_PTES];

	if (self->in_irq || self->own.state != ACTOR_READY ||
	    self->own.pending.kind != EVENT_ACCESS || event_slot(&self->own.pending) < 0)
		return 0;
	guest_ptes(stepper->stage->guest, ptes);
	int slot = event_slot(&self->own.pending);
	return tlb_stale_pte(&stepper->tlb, actor, slot,
			     pte_present(ptes[slot]) ? (gint64)pte_pfn(ptes[slot]) : -1);
}

/* Nobody gives a lock up when nobody else can go on: then that is what there is to tell. */
static void add_failures(const Stepper *stepper, ThreadSet *enabled)
{
	const Stage *stage = stepper->stage;
	bool stuck = thread_set_empty(enabled);

	for (int i = 0; i < stage->guest->n_actors; i++) {
		const Event *pending = &stage->actors[i].own.pending;

		if (stage_can_fail(stage, i) &&
		    (pending->kind == EVENT_CALL || (lock_is_taken(stage, pending->lock, i) && !stuck)))
			thread_set_add(enabled, thread_of(THREAD_FAIL, i));
	}
}

bool stepper_is_stuck(const Stepper *stepper)
{
	ThreadSet enabled = stepper_enabled(stepper);
	bool waits = false;

	for (int i = 0; i < stepper->stage->guest->n_actors; i++)
		waits |= stage_can_fail(stepper->stage, i);
	return waits && thread_set_empty(&enabled);
}

ThreadSet stepper_enabled(const Stepper *stepper)
{
	Stage *stage = stepper->stage;
	ThreadSet enabled = { { 0 } };

	for (int i = 0; i < stage->guest->n_actors; i++) {
		const Context *at = stage_context(stage, i);

		if (stage->actors[i].own.state == ACTOR_CRASHED)
			return (ThreadSet){ { 0 } };
		/* An interrupt comes to its end before the actor goes on. */
		if (at->state == ACTOR_READY &&
		    !(at->pending.kind == EVENT_LOCK && lock_is_taken(stage, at->pending.lock, i)))
			thread_set_add(&enabled, thread_of(stage->actors[i].in_irq ? THREAD_IRQ
									   : THREAD_ACTOR, i));
		if (stage_takes_irq(stage, i))
			thread_set_add(&enabled, thread_of(THREAD_IRQ, i));
		if (stale_pte(stepper, i))
			thread_set_add(&enabled, thread_of(THREAD_EVICT, i));
	}
	add_failures(stepper, &enabled);
	return enabled;
}

bool stepper_pending(const Stepper *stepper, int thread, Event *ret)
{
	Stage *stage = stepper->stage;
	int actor = thread_actor(thread);
	const Actor *self = &stage->actors[actor];

	switch (thread_kind(thread)) {
	case THREAD_ACTOR:
		*ret = self->own.pending;
		return self->own.state == ACTOR_READY;
	case THREAD_EVICT:
		*ret = (Event){ .kind = EVENT_EVICT, .actor = actor, .page = self->own.pending.page };
		return stale_pte(stepper, actor) != 0;
	case THREAD_FAIL:
		*ret = stage_pending_failure(stage, actor);
		return stage_can_fail(stage, actor);
	case THREAD_IRQ:
		if (self->in_irq) {
			*ret = self->irq.pending;
			return self->irq.state == ACTOR_READY;
		}
		/* One that is masked is pending all the same: it races with the masking. */
		*ret = (Event){ .kind = EVENT_IRQ, .actor = actor, .irq = true, .page = -1,
				.opaque = stage->irq_events };
		return guest_irq_queue(stage->guest, actor) != 0;
	case THREAD_KINDS:
		break;
	}
	g_assert_not_reached();
}

/* What the move of a thread is, without what others make of it. */
static bool execute(Stepper *stepper, int thread, Event *ret_event, GError **error)
{
	Stage *stage = stepper->stage;
	int actor = thread_actor(thread);

	if (thread_kind(thread) == THREAD_ACTOR ||
	    (thread_kind(thread) == THREAD_IRQ && stage->actors[actor].in_irq))
		return stage_execute(stage, actor, stale_pte(stepper, actor), ret_event, error);
	if (thread_kind(thread) == THREAD_FAIL)
		return stage_fail(stage, actor, ret_event, error);
	stepper_pending(stepper, thread, ret_event);
	stage_ptes(stage, ret_event->before);
	memcpy(ret_event->after, ret_event->before, sizeof(ret_event->after));
	if (thread_kind(thread) == THREAD_EVICT)
		return machine_forget_translations(stage->guest->machine,
						   stage->guest->report.actors[actor].cpu, error);
	return stage_serve(stage, actor, error);
}

/* What happened by now is the caller's.  *@ret_again: it happened to sites nobody knew. */
static void finish(Stepper *stepper, GArray *ret_events, bool *ret_again)
{
	take_log(stepper, ret_events);
	note_translations(stepper, ret_events);
	*ret_again = stepper->stage->new_site;
	/* Where actors stood before a site was known is not where they stand with it. */
	if (*ret_again)
		stepper->started = false;
}

bool stepper_move_to_sync(Stepper *stepper, int thread, GArray *ret_events, bool *ret_at_sync,
			  bool *ret_again, GError **error)
{
	Stage *stage = stepper->stage;
	bool before = stage->synced;
	Event event;

	if (!execute(stepper, thread, &event, error))
		return false;
	g_array_append_val(ret_events, event);
	stage->pauses = true;
	bool polled = stage_poll(stage, false, error);
	stage->pauses = false;
	if (!polled)
		return false;
	*ret_at_sync = stage->synced && !before;
	finish(stepper, ret_events, ret_again);
	return true;
}

bool stepper_pass_sync(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error)
{
	if (!stage_end_sync(stepper->stage, error))
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

static bool somebody_waits(Stage *stage)
{
	for (int i = 0; i < stage->guest->n_actors; i++) {
		ActorState state = stage_context(stage, i)->state;

		if (state == ACTOR_SPINNING || (state == ACTOR_IDLE && !stage->actors[i].done))
			return true;
	}
	return false;
}

/* Guest time passes, for those who wait. */
static bool wait_for_time(Stepper *stepper, GError **error)
{
	Stage *stage = stepper->stage;

	for (int i = 0; i < WAIT_ROUNDS && !stage->new_site && !somebody_can_move(stepper) &&
			somebody_waits(stage); i++)
		if (!stage_poll(stage, true, error))
			return false;
	return true;
}

static bool note_scheduled(const Stage *stage, guint64 scheduled[MAX_ACTORS])
{
	bool changed = false;

	for (int i = 0; i < stage->guest->n_actors; i++) {
		guint64 now = guest_scheduled(stage->guest, i);

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
	Stage *stage = stepper->stage;
	guint64 scheduled[MAX_ACTORS] = { 0 };

	for (int i = 0; i < MAX_ROUNDS; i++) {
		if (stage->new_site || somebody_can_move(stepper) || somebody_waits(stage) ||
		    !note_scheduled(stage, scheduled))
			return true;
		if (!stage_poll(stage, false, error))
			return false;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "kernel threads go on and on after the last operation has returned");
	return false;
}

bool stepper_wait(Stepper *stepper, GArray *ret_events, bool *ret_again, GError **error)
{
	Stage *stage = stepper->stage;

	if (somebody_waits(stage) ? !wait_for_time(stepper, error)
				  : stage->guest->report.lingers && !come_to_rest(stepper, error))
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
	/* Alone, an actor may go round in a circle that is only broken by another one. */
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
	Stage *stage = stepper->stage;
	const Alone *known = setup ? alones_find(stepper->alones, setup, actor) : NULL;
	Alone before = { false, stage->interrupts, stage->irq_events }, seen;

	if (known) {
		seen = *known;
	} else {
		for (int other = 0; other < MAX_ACTORS; other++)
			if (other != actor)
				thread_set_remove(&threads, thread_of(THREAD_ACTOR, other));
		stage->interrupts = stage->irq_events = false;
		if (!discover(stepper, &threads, error))
			return false;
		seen = (Alone){ stage->decided >> actor & 1, stage->interrupts, stage->irq_events };
		if (setup)
			alones_note(stepper->alones, setup, actor, seen);
	}
	stage->decided |= (guint32)seen.decided << actor;
	stage->interrupts = before.interrupts || seen.interrupts;
	stage->irq_events = before.irq_events || seen.irq_events;
	return true;
}

/* All sites of all actors, each alone first. */
static bool learn(Stepper *stepper, const Setup *setup, GError **error)
{
	ThreadSet all = { { 0 } };

	/* What comes of a failure is learnt where it fails. */
	for (int thread = 0; thread < thread_of(THREAD_FAIL, 0); thread++)
		thread_set_add(&all, thread);
	if (!stage_discover(stepper->stage, true, error))
		return false;
	for (int i = 0; i < stepper->stage->guest->n_actors; i++)
		if (!learn_alone(stepper, setup, i, all, error))
			return false;
	if (!discover(stepper, &all, error) || !stage_discover(stepper->stage, false, error) ||
	    !stage_check_sites(stepper->stage, error))
		return false;
	stepper->started = false;
	return true;
}

Stepper *stepper_new(Guest *guest, const StepperOptions *options, Controls *controls, GError **error)
{
	g_autoptr(Stepper) stepper = g_new0(Stepper, 1);

	stepper->failures = options->failures ? options->n_failures : 0;
	stepper->alones = alones_new();
	stepper->stage = stage_new(guest, error);
	if (!stepper->stage ||
	    (options->setup && !(setup_run(stepper->stage, options->setup, error) &&
				 setup_count(stepper->stage, options->setup, error))) ||
	    (controls && !lose("controls") && !control_all(stepper->stage, controls, error)) ||
	    (options->failures && !stage_set_failures(stepper->stage, options->failures, error)))
		return NULL;
	stepper->stage->hasty = true;
	return learn(stepper, options->setup, error) ? g_steal_pointer(&stepper) : NULL;
}

bool stepper_program(Stepper *stepper, const Setup *setup, GError **error)
{
	Stage *stage = stepper->stage;

	/* What is dependent on what hangs on these: each text starts without them. */
	stage->interrupts = stage->irq_events = false;
	stage->decided = 0;
	return setup_program(stage, setup, error) && setup_count(stage, setup, error) &&
	       learn(stepper, setup, error);
}

void stepper_look_away(Stepper *stepper)
{
	stepper->stage->blind = true;
}

bool stepper_survey(Stepper *stepper, GArray *survey, GError **error)
{
	Stage *stage = stepper->stage;
	GArray *before = stage->survey;

	stage->survey = survey;
	/* It counts who comes to those functions itself. */
	return sites_open_gates(stage->sites, error) &&
	       (!before || survey_arm(before, stage->guest->machine, false, error)) &&
	       (!survey || survey_arm(survey, stage->guest->machine, true, error));
}

ActorState stepper_state(const Stepper *stepper, int actor)
{
	const Actor *self = &stepper->stage->actors[actor];

	if (self->in_irq)
		return stage_context(stepper->stage, actor)->state;
	return self->done && self->own.state == ACTOR_IDLE ? ACTOR_RETURNED : self->own.state;
}

const Regs *stepper_regs(const Stepper *stepper, int actor)
{
	return &stage_context(stepper->stage, actor)->regs;
}

Wait stepper_wait_of(const Stepper *stepper, int actor)
{
	Stage *stage = stepper->stage;
	const struct guest_actor *actors = stage->guest->report.actors;
	const Context *self = stage_context(stage, actor);
	Wait wait = { .actor = g_intern_string(actors[actor].name) };

	if (self->state == ACTOR_READY && self->pending.kind == EVENT_LOCK) {
		wait.kind = WAIT_LOCK;
		wait.lock = stage->guest->watch.locks[self->pending.lock].name;
		int holder = stage->holders[self->pending.lock];
		if (holder >= 0)
			wait.holder = g_intern_string(actors[holder].name);
		return wait;
	}
	g_autofree char *where = symbols_describe(stage->guest->symbols, self->regs.pc);
	wait.kind = self->state == ACTOR_IDLE ? WAIT_SLEEP : WAIT_SPIN;
	wait.where = g_intern_string(where);
	return wait;
}

Irqs stepper_irqs(const Stepper *stepper)
{
	const Stage *stage = stepper->stage;

	return stage->irq_events ? IRQS_EVENTS : stage->interrupts ? IRQS_SENT : IRQS_NONE;
}

void stepper_expect_irqs(Stepper *stepper, Irqs irqs)
{
	stepper->stage->interrupts |= irqs >= IRQS_SENT;
	stepper->stage->irq_events |= irqs >= IRQS_EVENTS;
}

bool stepper_has_decided(const Stepper *stepper, int actor)
{
	return stepper->stage->decided >> actor & 1;
}

char **stepper_absent_hooks(const Stepper *stepper)
{
	const GPtrArray *absent = stepper->stage->absent;
	char **names = g_new0(char *, absent->len + 1);

	for (guint i = 0; i < absent->len; i++)
		names[i] = g_strdup(g_ptr_array_index(absent, i));
	return names;
}

char *stepper_state_key(const Stepper *stepper)
{
	ThreadSet enabled = stepper_enabled(stepper);

	return stage_key(stepper->stage, &stepper->tlb, &enabled);
}

const Sites *stepper_sites(const Stepper *stepper)
{
	return stepper->stage->sites;
}
