// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/hunter.h"

#include <string.h>

#include "explore/minimise.h"
#include "explore/run.h"
#include "hunt/signature.h"
#include "machine/code-log.h"
#include "schedule/policy.h"
#include "util/error.h"

enum {
	BOUND = 2,		/* preemptions, where there are too many schedules without */
	MINIMISE = 300,		/* schedules, for the smallest one */
};

struct Hunter {
	const HunterOptions *options;
	Session *session;	/* NULL: none yet, or the last one is of no use */
	CodeLog *code;		/* NULL: nobody wants to know what runs */
	int restarts;		/* of sessions that are no more */
};

Hunter *hunter_new(const HunterOptions *options, GError **error)
{
	Hunter *hunter = g_new0(Hunter, 1);

	hunter->options = options;
	hunter->code = options->code ? code_log_new(options->code, error) : NULL;
	if (hunter->code || !options->code)
		return hunter;
	hunter_free(hunter);
	return NULL;
}

static void drop(Hunter *hunter)
{
	hunter->restarts += hunter->session ? hunter->session->restarts : 0;
	g_clear_pointer(&hunter->session, session_free);
}

void hunter_free(Hunter *hunter)
{
	if (!hunter)
		return;
	drop(hunter);
	g_clear_pointer(&hunter->code, code_log_free);
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

/* What an exploration has found: the first schedule for each violation that comes first in one. */
typedef struct {
	Violation violation;
	char *schedule;
	int count;
} Finding;

static void finding_clear(gpointer data)
{
	g_free(((Finding *)data)->schedule);
}

static void note_invariants(Hunted *hunted, const Outcome *outcome)
{
	for (guint i = 0; i < outcome->found->len; i++) {
		const Violation *found = outcome_found(outcome, i);

		if (!found->documented && !g_ptr_array_find(hunted->invariants, found->invariant, NULL))
			g_ptr_array_add(hunted->invariants, (char *)found->invariant);
	}
}

static void note(Hunted *hunted, GArray *findings, const Outcome *outcome)
{
	hunted->executed++;
	hunted->documented += !outcome->violates && outcome_documents(outcome);
	if (!outcome->violates)
		return;
	const Violation *first = outcome_found(outcome, 0);
	hunted->violating++;
	note_invariants(hunted, outcome);
	for (guint i = 0; i < findings->len; i++) {
		Finding *one = &g_array_index(findings, Finding, i);

		if (one->violation.invariant != first->invariant || one->violation.kind != first->kind ||
		    strcmp(one->violation.reason, first->reason) != 0)
			continue;
		one->count++;
		return;
	}
	Finding made = { *first, g_strdup(outcome->schedule), 1 };
	g_array_append_val(findings, made);
}

/* Interrupts turn out to be more than was thought: what was explored so far says nothing. */
static bool is_void(Session *session)
{
	if (stepper_irqs(session->stepper) == session->irqs)
		return false;
	session->irqs = stepper_irqs(session->stepper);
	return true;
}

/* All schedules of @policy; *@ret_all: there are no more, *@ret_void: they were about nothing. */
static bool explore(Hunter *hunter, Policy *policy, Hunted *hunted, GArray *findings, bool *ret_all,
		    bool *ret_void, GError **error)
{
	const HunterOptions *options = hunter->options;
	bool settled = true;
	int executed = 0;

	*ret_all = *ret_void = false;
	while (executed++ < options->max_schedules) {
		g_autoptr(Plan) plan = policy->next(policy);

		*ret_all = plan == NULL && settled;
		if (!plan)
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
		note(hunted, findings, outcome);
		if (options->stop_at && outcome_violates(outcome, options->stop_at))
			return true;
	}
	return true;
}

static void begin_anew(Hunted *hunted, GArray *findings)
{
	g_array_set_size(findings, 0);
	g_ptr_array_set_size(hunted->invariants, 0);
	hunted->executed = hunted->violating = hunted->documented = 0;
}

/* All interleavings or, where there are too many, those with few preemptions. */
static bool explore_all(Hunter *hunter, Hunted *hunted, GArray *findings, GError **error)
{
	static const HuntedHow hows[] = { HUNTED_COMPLETE, HUNTED_BOUNDED };
	bool all = false, anew = false;

	hunted->how = HUNTED_CUT;
	for (gsize i = 0; i < G_N_ELEMENTS(hows) && hunted->how == HUNTED_CUT; i++) {
		do {
			g_autoptr(Policy) policy = policy_dpor_new(hows[i] == HUNTED_COMPLETE ? -1 : BOUND);

			/* What a bound explores it has for itself: some of it has been seen before. */
			begin_anew(hunted, findings);
			if (!explore(hunter, policy, hunted, findings, &all, &anew, error))
				return false;
		} while (anew);
		if (all)
			hunted->how = hows[i];
		if (hunter->options->stop_at && hunted_violates(hunted, hunter->options->stop_at))
			return true;
	}
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

/* The smallest schedule that begins with @finding, and what that is. */
static bool minimise_one(Hunter *hunter, Hunted *hunted, const Finding *finding, GError **error)
{
	g_autoptr(Schedule) schedule = schedule_parse(finding->schedule, "a schedule", error);
	g_autoptr(Schedule) small = NULL;
	g_autofree char *diverged = NULL;
	Minimum minimum;

	if (!schedule || !minimise(hunter->session, schedule, MINIMISE, &small, &minimum, error))
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
	Hit *hit = same_hit(hunted, record_violation(record, 0), signature);
	if (hit) {
		hit->count += finding->count;
		return true;
	}
	hit = hunted_add(hunted, record_violation(record, 0));
	hit->signature = g_steal_pointer(&signature);
	hit->count = finding->count;
	hit->switches = minimum.switches;
	hit->events = minimum.events;
	hit->schedule = schedule_format(small);
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
	for (guint i = 0; i < findings->len; i++)
		if (!minimise_one(hunter, hunted, &g_array_index(findings, Finding, i), error))
			return false;
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

Hunted *hunter_explore(Hunter *hunter, const Combination *combination, guint n, GError **error)
{
	g_autoptr(Hunted) hunted = hunted_new(n);
	g_autoptr(GError) local = NULL;
	Scenario *scenario = scenario_of(combination, error);

	if (!scenario)
		return NULL;
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
