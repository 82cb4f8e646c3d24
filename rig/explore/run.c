// SPDX-License-Identifier: GPL-2.0-only
#include "explore/run.h"

#include <string.h>

#include "explore/ending.h"
#include "util/error.h"

G_STATIC_ASSERT((int)N_VERBS <= 64);

static guint64 verb_bit(const Operation *operation)
{
	return G_GUINT64_CONSTANT(1) << operation_of(operation->word).verb;
}

bool run_has_verbs(const Operations *operations, const Kernel *kernel, guint64 absent, GError **error)
{
	for (guint i = 0; i < operations->actors->len; i++) {
		const TextActor *actor = g_ptr_array_index(operations->actors, i);

		for (guint j = 0; j < actor->operations->len; j++) {
			const Operation *operation = g_ptr_array_index(actor->operations, j);

			if (!(verb_bit(operation) & absent))
				continue;
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
				    "kernel %s has nothing for '%s' of %s (ENOSYS)", kernel->name,
				    operation->text, actor->name);
			return false;
		}
	}
	return true;
}

/* An operation that the kernel does not have was not explored, whatever came of it. */
static bool has_all(Session *session, GError **error)
{
	const Operations *operations = session->scenario->operations;
	guint64 absent = 0;

	for (int i = 0; operations && i < session->guest->n_actors; i++) {
		const TextActor *actor = g_ptr_array_index(operations->actors, i);
		guint64 lacks = guest_actor_report(session->guest, i).lacks;

		if (lacks && lacks <= actor->operations->len)
			absent |= verb_bit(g_ptr_array_index(actor->operations, lacks - 1));
	}
	session->absent |= absent;
	return !absent || run_has_verbs(operations, session->kernel, absent, error);
}

/* What they touched. */
static const Footprint *take_events(Session *session, const GArray *events)
{
	for (guint i = 0; i < events->len; i++) {
		const Event *event = &g_array_index(events, Event, i);

		check_event(session->check, event);
		trace_add(session->trace, event, &session->check->tlb);
	}
	return footprint_of_step(&session->dependence, events);
}

static void begin_dependence(Session *session)
{
	const Check *check = session->check;

	session->dependence = (Dependence){ .n_pages = check->n_pages };
	memcpy(session->dependence.scratch, check->scratch, sizeof(session->dependence.scratch));
	session->dependence.n_more = check->header.n_more;
	for (int i = 0; i < check->header.n_more; i++)
		session->dependence.more[i] = check->header.more[i].page;
}

/* Who could do what, before a step. */
static Step observe(const Session *session)
{
	Step step = { .thread = -1, .enabled = stepper_enabled(session->stepper) };
	guint64 ptes[MAX_PTES];

	guest_ptes(session->guest, ptes);
	for (int thread = 0; thread < MAX_THREADS; thread++) {
		Event event;

		if (thread_actor(thread) >= session->guest->n_actors ||
		    !stepper_pending(session->stepper, thread, &event))
			continue;
		thread_set_add(&step.known, thread);
		step.pending[thread] = footprint_of_pending(&event, ptes, &session->check->tlb);
	}
	return step;
}

/*
 * @step, which is number @number, has all stand at their sync.  *@ret_known: nothing new comes of it;
 * else they go on, and @events gets what is no decision.
 */
static bool at_sync(Session *session, const Plan *plan, guint number, Step *step, GArray *events,
		    bool *ret_known, bool *ret_again, GError **error)
{
	guint before = events->len;
	SyncState state = SYNC_OTHER;

	*ret_known = false;
	if (session->syncs) {
		bool open = plan_is_open_after(plan, step) && !session->check->violations->len;

		if (!syncs_at(session->syncs, session->guest, session->stepper, session->check, open, number,
			      &state, error))
			return false;
	}
	*ret_known = state == SYNC_KNOWN;
	if (*ret_known)
		return true;
	if (!stepper_pass_sync(session->stepper, events, ret_again, error))
		return false;
	g_autoptr(GArray) later = g_array_new(FALSE, FALSE, sizeof(Event));
	g_array_append_vals(later, &g_array_index(events, Event, before), events->len - before);
	take_events(session, later);
	/* What is only run to be shown changes nothing. */
	if (state != SYNC_AGAIN)
		step->done = footprint_of_step(&session->dependence, events);
	return true;
}

static bool somebody_waits(const Session *session)
{
	for (int i = 0; i < session->guest->n_actors; i++) {
		ActorState state = stepper_state(session->stepper, i);

		if (state == ACTOR_SPINNING || state == ACTOR_IDLE)
			return true;
	}
	return false;
}

static bool somebody_crashed(const Session *session)
{
	for (int i = 0; i < session->guest->n_actors; i++)
		if (stepper_state(session->stepper, i) == ACTOR_CRASHED)
			return true;
	return false;
}

/* What @thread would do, as a schedule names it; the caller's. */
static char *pending_label(const Session *session, int thread)
{
	Event event = { .kind = EVENT_NONE };

	stepper_pending(session->stepper, thread, &event);
	const Site *site = sites_find(stepper_sites(session->stepper), event.pc);
	return event_label(&event, site ? site->where : NULL,
			   header_target(&trace_record(session->trace)->header, &event));
}

/* As the recorded schedule of another build would have it, or the plan. */
static int choose(const Session *session, Plan *plan, const ThreadSet *enabled, OutcomeEnd *ret_end)
{
	char *pending[MAX_THREADS] = { NULL };
	int thread;

	if (!session->follow)
		return plan_choose(plan, enabled, ret_end);
	thread_set_foreach(one, enabled)
		pending[one] = pending_label(session, one);
	thread = follow_choose(session->follow, enabled, pending, ret_end);
	for (int i = 0; i < MAX_THREADS; i++)
		g_free(pending[i]);
	return thread;
}

/* One more step of @plan; *@ret_more is false when the schedule has ended. */
static bool next_step(Session *session, Plan *plan, GHashTable *seen, Outcome *outcome,
		      bool *ret_more, bool *ret_again, GError **error)
{
	g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(Event));
	Step step = observe(session);
	gpointer before;

	*ret_more = false;
	if (thread_set_empty(&step.enabled)) {
		if (session->syncs && somebody_waits(session))
			syncs_waited(session->syncs);
		if (!stepper_wait(session->stepper, events, ret_again, error))
			return false;
		take_events(session, events);
		g_array_set_size(events, 0);
		step = observe(session);
	}
	if (*ret_again)
		return true;
	g_autofree char *key = stepper_state_key(session->stepper);
	if (thread_set_empty(&step.enabled)) {
		outcome->end = END_DONE;
	} else if (g_hash_table_lookup_extended(seen, key, NULL, &before) &&
		   cycle_may_close(&session->cycle, GPOINTER_TO_UINT(before))) {
		outcome->end = END_CYCLE;
		outcome->cycle = GPOINTER_TO_UINT(before);
	} else {
		step.thread = choose(session, plan, &step.enabled, &outcome->end);
	}
	if (step.thread < 0) {
		g_array_append_val(outcome->steps, step);
		return true;
	}
	if (!cycle_at(&session->cycle, session->guest, outcome->steps->len, error))
		return false;
	g_hash_table_insert(seen, g_steal_pointer(&key), GUINT_TO_POINTER(outcome->steps->len));
	if (session->registers)
		g_array_append_val(session->registers,
				   *stepper_regs(session->stepper, thread_actor(step.thread)));
	bool synced, known = false;
	if (!stepper_move_to_sync(session->stepper, step.thread, events, &synced, ret_again, error))
		return false;
	if (*ret_again)
		return true;
	guint clean = session->check->violations->len;
	step.done = take_events(session, events);
	if (synced && !at_sync(session, plan, outcome->steps->len, &step, events, &known, ret_again, error))
		return false;
	if (*ret_again)
		return true;
	if (somebody_crashed(session) || stepper_is_stuck(session->stepper))
		step.done = footprint_everything();
	if (!clean && session->check->violations->len)
		outcome->event = outcome->steps->len;
	plan_stepped(plan, &step);
	g_array_append_val(outcome->steps, step);
	*ret_more = !known;
	if (known)
		outcome_cut(outcome, outcome->steps->len);
	return true;
}

static bool is_explained(const Session *session, GError **error)
{
	if (!session->check->unexplained)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "%s (event %d): no verdict can rest on that",
		    session->check->unexplained, session->check->n_events);
	return false;
}

/* One attempt; *@ret_again says when a new site makes it worthless. */
static Outcome *attempt(Session *session, Plan *plan, bool *ret_again, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(Event));
	g_autoptr(Outcome) outcome = outcome_new();
	bool more = true;

	plan_begin(plan);
	if (session->syncs)
		syncs_forget(session->syncs);
	if (session->follow)
		follow_begin(session->follow);
	if (session->registers)
		g_array_set_size(session->registers, 0);
	if (!stepper_begin(session->stepper, events, ret_again, error))
		return NULL;
	guint64 ptes[MAX_PTES];
	guest_ptes(session->guest, ptes);
	check_begin(session->check, ptes);
	trace_begin(session->trace, ptes);
	begin_dependence(session);
	take_events(session, events);
	while (more && !*ret_again)
		if (!next_step(session, plan, seen, outcome, &more, ret_again, error))
			return NULL;
	return *ret_again || is_explained(session, error) ? g_steal_pointer(&outcome) : NULL;
}

Schedule *run_decisions(const Session *session, const Outcome *outcome)
{
	Schedule *schedule = schedule_new(session->scenario->name, session->kernel->name,
					  session->kernel->key, session->scenario->actors,
					  session->scenario->operations);

	schedule->failures = session->n_failures;
	for (guint i = 0; i < outcome_length(outcome); i++) {
		g_autofree char *label = trace_decision(session->trace, i);

		schedule_add(schedule, outcome_step(outcome, i)->thread, label);
	}
	schedule->violates = g_strdup(outcome->violates);
	return schedule;
}

/* Which calls that may fail were made, and which of them failed: by actor and site, each once. */
static char *calls_of(const Record *record)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GString) lines = g_string_new(NULL);

	for (guint i = 0; i < record->events->len; i++) {
		const RecordEvent *line = record_event(record, i);
		const Event *event = &line->event;

		if (event->kind != EVENT_CALL && event->kind != EVENT_FAIL)
			continue;
		char *text = g_strdup_printf("%s%s %s%s %s", event->kind == EVENT_FAIL ? "!" : "",
					     record_actor(record, event), event->gives_up ? "lock " : "",
					     header_target(&record->header, event),
					     line->where ? line->where : "nowhere");
		if (!g_hash_table_contains(seen, text))
			g_string_append_printf(lines, "%s%s", lines->len ? "\n" : "", text);
		g_hash_table_add(seen, text);
	}
	return lines->len ? g_string_free(g_steal_pointer(&lines), FALSE) : NULL;
}

static void describe(const Session *session, Outcome *outcome)
{
	const Record *record = trace_record(session->trace);

	trace_found(session->trace, session->check);
	for (guint i = 0; i < record->found->len; i++)
		outcome_add(outcome, record_violation(record, i));
	outcome->calls = calls_of(record);
	outcome->final_state = outcome->end == END_DONE ? trace_final_state(session->trace) : NULL;
	g_autoptr(Schedule) schedule = run_decisions(session, outcome);
	outcome->schedule = schedule_format(schedule);
	outcome->trace = record_json(record);
}

static Outcome *run_once(Session *session, Plan *plan, bool hash, GError **error)
{
	gint64 before = g_get_monotonic_time();
	g_autoptr(Outcome) outcome = NULL;
	bool again = false;

	cycle_begin(&session->cycle);
	do {
		g_clear_pointer(&outcome, outcome_free);
		again = false;
		outcome = attempt(session, plan, &again, error);
		if (!outcome || (!again && outcome->end == END_CYCLE &&
				 !cycle_settle(&session->cycle, session->guest, session->stepper,
					       outcome, &again, error)))
			return NULL;
	} while (again);

	if (!has_all(session, error))
		return NULL;
	End *end = ending_of(session, outcome, error);
	if (!end)
		return NULL;
	check_end(session->check, end);
	outcome->partial = end->how == ENDED_DONE && !end_is_quiet(end);
	trace_end(session->trace, end);
	if (!is_explained(session, error))
		return NULL;
	describe(session, outcome);
	if (session->syncs && !syncs_end(session->syncs, outcome, error))
		return NULL;
	session->run_usec += g_get_monotonic_time() - before;
	if (hash && !(outcome->hash = guest_watched_hash(session->guest, error)))
		return NULL;
	return g_steal_pointer(&outcome);
}

/* Again, on another guest, where this one is lost. */
static Outcome *run_lasting(Session *session, Plan *plan, bool hash, GError **error)
{
	int lost = 0;

	if (!session->check) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "there is no guest any more");
		return NULL;
	}
	for (;;) {
		g_autoptr(GError) local = NULL;
		Outcome *outcome = run_once(session, plan, hash, &local);

		if (outcome || !session_recover(session, &lost, g_steal_pointer(&local), error))
			return outcome;
	}
}

Outcome *run_plan(Session *session, Plan *plan, GError **error)
{
	return run_lasting(session, plan, false, error);
}

int run_first_difference(const char *a, const char *b)
{
	int line = 1;

	for (; *a && *a == *b; a++, b++)
		line += *a == '\n';
	return line;
}

Outcome *run_plan_twice(Session *session, Plan *plan, GError **error)
{
	g_autoptr(Outcome) first = run_lasting(session, plan, true, error);

	if (!first)
		return NULL;
	g_autoptr(Schedule) schedule = run_decisions(session, first);
	g_autoptr(Plan) same = schedule_plan(schedule);
	g_autoptr(Outcome) second = run_lasting(session, same, true, error);
	if (!second)
		return NULL;
	if (strcmp(first->trace, second->trace) != 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the guest is not deterministic: two runs of one schedule differ from "
			    "event %d on", run_first_difference(first->trace, second->trace) - 1);
		return NULL;
	}
	if (strcmp(first->hash, second->hash) != 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the guest is not deterministic: two runs of one schedule have the same "
			    "%u events and end with other registers or watched memory",
			    outcome_length(first));
		return NULL;
	}
	return g_steal_pointer(&first);
}

Outcome *run_follow(Session *session, Follow *follow, GError **error)
{
	g_autoptr(Plan) plan = plan_new(NULL, 0, REST_STOP);

	session->follow = follow;
	Outcome *outcome = run_plan(session, plan, error);
	session->follow = NULL;
	if (outcome)
		follow_end(follow);
	return outcome;
}

Outcome *run_schedule(Session *session, const Schedule *schedule, char **ret_diverged,
		      GError **error)
{
	g_autoptr(Plan) plan = schedule_plan(schedule);
	g_autoptr(Outcome) outcome = run_plan(session, plan, error);

	*ret_diverged = NULL;
	if (!outcome)
		return NULL;
	for (guint i = 0; i < outcome_length(outcome); i++) {
		const Decision *recorded = &g_array_index(schedule->decisions, Decision, i);
		g_autofree char *now = trace_decision(session->trace, i);

		if (strcmp(now, recorded->event) != 0) {
			*ret_diverged = g_strdup_printf("event %u is '%s', recorded was '%s'",
							i + 1, now, recorded->event);
			return g_steal_pointer(&outcome);
		}
	}
	if (outcome->end == END_REFUSED)
		*ret_diverged = g_strdup_printf("event %u: the recorded actor cannot go on here",
						outcome_length(outcome) + 1);
	else if (outcome_length(outcome) != schedule->decisions->len)
		*ret_diverged = g_strdup_printf("ended after %u events, recorded were %u",
						outcome_length(outcome), schedule->decisions->len);
	return g_steal_pointer(&outcome);
}
