// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/hunter.h"

#include <string.h>

#include "explore/run.h"
#include "explore/shorten.h"
#include "hunt/known.h"
#include "hunt/signature.h"
#include "machine/code-log.h"
#include "schedule/patience.h"
#include "util/error.h"

enum {
	SHORTEN = 60,		/* schedules, for a small one */
	EXPENSIVE = 8,		/* so many fewer of those that take long */
	GROWTH = 8,		/* one preemption more makes so many times as many, about */
};

struct Hunter {
	const HunterOptions *options;
	Session *session;	/* NULL: none yet, or the last one is of no use */
	Syncs *syncs;
	CodeLog *code;		/* NULL: nobody wants to know what runs */
	guint64 absent;		/* bits of verb: the kernel has nothing for them */
	int restarts;		/* of sessions that are no more */
};

Hunter *hunter_new(const HunterOptions *options, GError **error)
{
	Hunter *hunter = g_new0(Hunter, 1);

	hunter->options = options;
	hunter->syncs = syncs_new();
	hunter->code = options->code ? code_log_new(options->code, error) : NULL;
	if (hunter->code || !options->code)
		return hunter;
	hunter_free(hunter);
	return NULL;
}

static void drop(Hunter *hunter)
{
	if (!hunter->session)
		return;
	hunter->restarts += hunter->session->restarts;
	hunter->absent |= hunter->session->absent;
	g_clear_pointer(&hunter->session, session_free);
}

void hunter_free(Hunter *hunter)
{
	if (!hunter)
		return;
	drop(hunter);
	g_clear_pointer(&hunter->code, code_log_free);
	syncs_free(hunter->syncs);
	g_free(hunter);
}

int hunter_restarts(const Hunter *hunter)
{
	return hunter->restarts + (hunter->session ? hunter->session->restarts : 0);
}

GHashTable *hunter_ran(Hunter *hunter)
{
	return hunter->code ? code_log_take(hunter->code) : NULL;
}

char *hunter_snapshot(const Hunter *hunter)
{
	const char *name = hunter->session ? hunter->session->snapshot : NULL;

	/* Behind it is what the guest was given then. */
	return name ? g_strndup(name, strcspn(name, "+")) : NULL;
}

const char *hunter_snapshot_sum(const Hunter *hunter)
{
	return hunter->session ? hunter->session->snapshot_sum : NULL;
}

static Scenario *scenario_of(const Combination *combination, GError **error)
{
	OperationsText text = { .actors = combination->actors, .pages = combination->pages,
				.setup = *combination->setup ? combination->setup : NULL,
				.arenas = -1, .processes = -1 };
	const char *where;
	Operations *operations = operations_parse(&text, &where, error);

	return operations ? scenario_of_text(operations) : NULL;
}

static bool has_same_start(const Session *session, const Scenario *scenario)
{
	const Operations *there = session->scenario->operations, *wanted = scenario->operations;

	return memcmp(&there->shape, &wanted->shape, sizeof(wanted->shape)) == 0 &&
	       strcmp(there->setup_text, wanted->setup_text) == 0;
}

/* A guest with the programs of @scenario, which this takes. */
static bool take_scenario(Hunter *hunter, Scenario *scenario, GError **error)
{
	const HunterOptions *options = hunter->options;

	if (hunter->session && has_same_start(hunter->session, scenario))
		return session_program(hunter->session, scenario, error);
	drop(hunter);
	SessionPlace place = { .connect = options->connect,
			       .code = hunter->code ? code_log_code(hunter->code) : NULL };
	hunter->session = session_new_of(scenario, kernel_ref(options->kernel), &place, options->cancel,
					 error);
	if (hunter->session)
		hunter->session->n_failures = options->failures;
	return hunter->session && session_prepare(hunter->session, error);
}

/* What an exploration has found: the smallest schedule for each violation that comes first in one. */
typedef struct {
	Violation violation;
	char *schedule, *signature;
	int switches, events;	/* up to the event that violates */
	int count;
} Finding;

static void finding_clear(gpointer data)
{
	Finding *finding = data;

	g_free(finding->schedule);
	g_free(finding->signature);
}

static void note_invariants(Hunted *hunted, const Outcome *outcome)
{
	for (guint i = 0; i < outcome->found->len; i++) {
		const Violation *found = outcome_found(outcome, i);

		if (!found->documented && !g_ptr_array_find(hunted->invariants, found->invariant, NULL))
			g_ptr_array_add(hunted->invariants, (char *)found->invariant);
	}
}

/* The one that @violation is of, or a new one. */
static Finding *finding_of(GArray *findings, const Violation *violation)
{
	for (guint i = 0; i < findings->len; i++) {
		Finding *one = &g_array_index(findings, Finding, i);

		if (one->violation.invariant == violation->invariant &&
		    one->violation.kind == violation->kind &&
		    strcmp(one->violation.reason, violation->reason) == 0)
			return one;
	}
	Finding made = { .violation = *violation, .switches = G_MAXINT };
	g_array_append_val(findings, made);
	return &g_array_index(findings, Finding, findings->len - 1);
}

static void note(const Session *session, Hunted *hunted, GArray *findings, const Outcome *outcome)
{
	hunted->executed++;
	hunted->documented += !outcome->violates && outcome_documents(outcome);
	if (!outcome->violates)
		return;
	const Record *record = trace_record(session->trace);
	Finding *finding = finding_of(findings, outcome_found(outcome, 0));
	guint n = outcome_shown_after(outcome);
	int switches = outcome_switches(outcome, n);
	hunted->violating++;
	note_invariants(hunted, outcome);
	finding->count++;
	if (switches > finding->switches ||
	    (switches == finding->switches && (int)n >= finding->events))
		return;
	finding_clear(finding);
	g_autoptr(Schedule) schedule = run_decisions(session, outcome);
	schedule_cut(schedule, n);
	finding->violation = *outcome_found(outcome, 0);
	finding->schedule = schedule_format(schedule);
	finding->signature = signature_of(record, record_violation(record, 0));
	finding->switches = switches;
	finding->events = (int)n;
}

/* Interrupts turn out to be more than was thought: what was explored so far says nothing. */
static bool is_void(Session *session)
{
	if (stepper_irqs(session->stepper) == session->irqs)
		return false;
	session->irqs = stepper_irqs(session->stepper);
	return true;
}

/*
 * How many schedules of the combination at hand there is time for.  The end of a process goes through
 * all that it has mapped, past breakpoints at each PTE: one schedule takes as long as a hundred others.
 */
static int allowed(const Hunter *hunter)
{
	const Operations *operations = hunter->session->scenario->operations;
	bool last = false;

	for (guint i = 0; i < operations->actors->len; i++) {
		const TextActor *actor = g_ptr_array_index(operations->actors, i);

		last |= operations_have_flag(actor->operations, VERB_LAST);
	}
	return last ? MAX(hunter->options->max_schedules / EXPENSIVE, 1) : hunter->options->max_schedules;
}

/*
 * All schedules of @policy; *@ret_all: there are no more, *@ret_void: they were about nothing.  @estimated:
 * give it up as soon as it looks too large.
 */
static bool explore(Hunter *hunter, Policy *policy, bool estimated, Hunted *hunted, GArray *findings,
		    bool *ret_all, bool *ret_void, GError **error)
{
	const int max = allowed(hunter);
	bool settled = true;

	*ret_all = *ret_void = false;
	for (int executed = 0;; executed++) {
		g_autoptr(Plan) plan = policy->next(policy);

		*ret_all = plan == NULL && settled;
		if (!plan || (estimated ? patience_is_over(policy, executed, max) : executed >= max))
			return true;
		g_autoptr(Outcome) outcome = run_plan(hunter->session, plan, error);
		if (!outcome)
			return false;
		*ret_void = is_void(hunter->session);
		if (*ret_void)
			return true;
		if (!policy->learn(policy, outcome)) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
				    "the guest is not deterministic: a schedule did not go the way it went "
				    "before");
			return false;
		}
		settled &= !outcome->differs;
		note(hunter->session, hunted, findings, outcome);
	}
}

static void forget(Hunted *hunted, GArray *findings)
{
	g_array_set_size(findings, 0);
	g_ptr_array_set_size(hunted->invariants, 0);
	hunted->executed = hunted->violating = hunted->documented = 0;
}

/* All schedules with at most @bound preemptions (-1: any number); the rest as explore() has it. */
static bool explore_within(Hunter *hunter, int bound, Hunted *hunted, GArray *findings, bool *ret_all,
			   bool *ret_void, GError **error)
{
	g_autoptr(Policy) policy = policy_dpor_new(bound);

	/* Ends that are known are those of one exploration. */
	syncs_begin(hunter->syncs);
	hunter->session->syncs = hunter->syncs;
	/* With a bound most choices turn out to be beyond it, and an estimate is far too large. */
	bool ok = explore(hunter, policy, bound < 0, hunted, findings, ret_all, ret_void, error);
	hunter->session->syncs = NULL;
	return ok;
}

/*
 * All interleavings or, where there are too many, those with no preemption, then with one, two, as
 * far as there is patience.  What was found on the way is found, whether its exploration came to an
 * end or not.
 */
static bool explore_levels(Hunter *hunter, Hunted *hunted, GArray *findings, bool *ret_void, GError **error)
{
	bool all;

	hunted->how = HUNTED_CUT;
	if (!explore_within(hunter, -1, hunted, findings, &all, ret_void, error))
		return false;
	if (all) {
		hunted->how = HUNTED_COMPLETE;
		return true;
	}
	for (int bound = 0; bound <= HUNTED_MAX_BOUND && !*ret_void; bound++) {
		int before = hunted->executed;

		if (!explore_within(hunter, bound, hunted, findings, &all, ret_void, error))
			return false;
		if (!all)
			return true;
		hunted->how = HUNTED_BOUNDED;
		hunted->bound = bound;
		if (hunted->executed - before > allowed(hunter) / GROWTH)
			return true;
	}
	return true;
}

static bool explore_all(Hunter *hunter, Hunted *hunted, GArray *findings, GError **error)
{
	bool anew;

	do {
		forget(hunted, findings);
		if (!explore_levels(hunter, hunted, findings, &anew, error))
			return false;
	} while (anew);
	return true;
}

/* Where two begin differently, the smallest that violates the invariant may be one. */
static Hit *same_hit(const Hunted *hunted, const Violation *violation, const char *signature)
{
	for (guint i = 0; i < hunted->hits->len; i++) {
		Hit *hit = g_ptr_array_index(hunted->hits, i);

		if (hit->violation.invariant == violation->invariant &&
		    hit->violation.kind == violation->kind &&
		    strcmp(hit->violation.reason, violation->reason) == 0 &&
		    strcmp(hit->signature, signature) == 0)
			return hit;
	}
	return NULL;
}

static void add_hit(Hunted *hunted, const Violation *violation, const char *signature, int count,
		    const Minimum *minimum, const char *schedule)
{
	Hit *hit = same_hit(hunted, violation, signature);

	if (hit) {
		hit->count += count;
		return;
	}
	hit = hunted_add(hunted, violation);
	hit->signature = g_strdup(signature);
	hit->count = count;
	hit->switches = minimum->switches;
	hit->events = minimum->events;
	hit->schedule = g_strdup(schedule);
}

/* What is written down needs no smaller schedule to be known by; whether it does. */
static bool take_known(const Hunter *hunter, Hunted *hunted, const Finding *finding)
{
	const Kernel *kernel = hunter->options->kernel;
	Hit hit = { .violation = finding->violation, .signature = finding->signature };
	Minimum minimum = { .switches = finding->switches, .events = finding->events };

	if (!known_find(hunter->options->known, kernel->name, kernel->kind, &hit))
		return false;
	add_hit(hunted, &finding->violation, finding->signature, finding->count, &minimum, finding->schedule);
	return true;
}

/* A small schedule that begins with @finding, and what that is. */
static bool minimise_one(Hunter *hunter, Hunted *hunted, const Finding *finding, GError **error)
{
	g_autoptr(Schedule) schedule = schedule_parse(finding->schedule, "a schedule", error);
	g_autoptr(Schedule) small = NULL;
	g_autofree char *diverged = NULL;
	Minimum minimum;

	if (!schedule || !shorten(hunter->session, schedule, SHORTEN, &small, &minimum, error))
		return false;
	g_autoptr(Outcome) outcome = run_schedule(hunter->session, small, &diverged, error);
	if (!outcome)
		return false;
	if (diverged || g_strcmp0(outcome->violates, finding->violation.invariant) != 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the guest is not deterministic: a replay did not show %s again",
			    finding->violation.invariant);
		return false;
	}
	const Record *record = trace_record(hunter->session->trace);
	g_autofree char *signature = signature_of(record, record_violation(record, 0));
	g_autofree char *text = schedule_format(small);
	add_hit(hunted, record_violation(record, 0), signature, finding->count, &minimum, text);
	return true;
}

static bool hunt(Hunter *hunter, Scenario *scenario, Hunted *hunted, GError **error)
{
	g_autoptr(GArray) findings = g_array_new(FALSE, FALSE, sizeof(Finding));
	g_autoptr(GHashTable) before = NULL;

	g_array_set_clear_func(findings, finding_clear);
	if (!take_scenario(hunter, scenario, error))
		return false;
	/* The setup and the controls are no schedules. */
	before = hunter_ran(hunter);
	if (!explore_all(hunter, hunted, findings, error))
		return false;
	for (guint i = 0; i < findings->len; i++) {
		const Finding *finding = &g_array_index(findings, Finding, i);

		if (!take_known(hunter, hunted, finding) && !minimise_one(hunter, hunted, finding, error))
			return false;
	}
	return true;
}

Session *hunter_session(Hunter *hunter, const Combination *combination, GError **error)
{
	Scenario *scenario = scenario_of(combination, error);

	return scenario && take_scenario(hunter, scenario, error) ? hunter->session : NULL;
}

bool hunter_is_of_combination(const Hunter *hunter, const GError *error)
{
	return g_error_matches(error, RIG_ERROR, RIG_ERROR_GUEST) ||
	       g_error_matches(error, RIG_ERROR, RIG_ERROR_BLIND) ||
	       g_error_matches(error, RIG_ERROR, RIG_ERROR_LOST) ||
	       (hunter->session && g_error_matches(error, RIG_ERROR, RIG_ERROR_INPUT));
}

/* As far as it is known: what the kernel has not was tried once, in whatever combination came first. */
static bool has_verbs(const Hunter *hunter, const Scenario *scenario, GError **error)
{
	guint64 absent = hunter->absent | (hunter->session ? hunter->session->absent : 0);

	return run_has_verbs(scenario->operations, hunter->options->kernel, absent, error);
}

Hunted *hunter_explore(Hunter *hunter, const Combination *combination, guint n, GError **error)
{
	g_autoptr(Hunted) hunted = hunted_new(n);
	g_autoptr(GError) local = NULL;
	Scenario *scenario = scenario_of(combination, error);

	if (!scenario)
		return NULL;
	if (!has_verbs(hunter, scenario, &local)) {
		scenario_free(scenario);
		hunted->how = HUNTED_ABSENT;
		hunted->error = g_strdup(local->message);
		return g_steal_pointer(&hunted);
	}
	if (hunt(hunter, scenario, hunted, &local))
		return g_steal_pointer(&hunted);
	if (!hunter_is_of_combination(hunter, local)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	g_clear_pointer(&hunted, hunted_free);
	hunted = hunted_new(n);
	/* Of what the kernel has not it says so; nothing is wrong with the guest. */
	hunted->how = g_error_matches(local, RIG_ERROR, RIG_ERROR_INPUT) ? HUNTED_ABSENT : HUNTED_BROKEN;
	hunted->error = g_strdup(local->message);
	if (hunted->how == HUNTED_BROKEN)
		drop(hunter);
	return g_steal_pointer(&hunted);
}
