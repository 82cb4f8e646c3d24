// SPDX-License-Identifier: GPL-2.0-only
#include "explore/explore.h"

#include <string.h>

#include "arch/arch.h"
#include "catalog/unwatched.h"
#include "explore/folder.h"
#include "explore/journal.h"
#include "explore/publish.h"
#include "explore/tally.h"
#include "explore/unseen.h"
#include "util/error.h"
#include "util/paths.h"
#include "util/progress.h"
#include "explore/workers.h"

/* WAIT_USEC: how long to wait for a worker before looking at the clock again. */
enum { REPLAYS = 3, WAIT_USEC = 200000 };

typedef struct {
	Session *session;
	Policy *policy;
	const ExploreOptions *options;
	Verdict *verdict;
	Workers *workers;
	Journal *journal;
	GHashTable *ready;	/* plan key -> Outcome: done, and not asked for yet */
	GHashTable *running;	/* set of plan keys */
	GHashTable *again;	/* set of them: the journal has it */
	Tally *tally;
	gint64 started;
	Progress progress;
} Explorer;

static double seconds_since(gint64 start)
{
	return (g_get_monotonic_time() - start) / 1e6;
}

static void progress(Explorer *explorer)
{
	const Verdict *verdict = explorer->verdict;
	Policy *policy = explorer->policy;
	int runs = verdict->executed + verdict->redundant;

	if (!progress_due(&explorer->progress))
		return;
	double fraction = policy->fraction && runs ? policy->fraction(policy) : 0;
	double rate = MAX(runs - verdict->resumed, 0) / seconds_since(explorer->started);
	g_autofree char *left = fraction > 0
		? g_strdup_printf(", about %.0f left by the tree known so far", runs / fraction - runs)
		: g_strdup("");
	progress_show("%d schedules, %" G_GUINT64_FORMAT " pruned, frontier %u, %.1f/s, "
		      "%d violating%s", verdict->executed, policy->pruned, policy->frontier, rate,
		      verdict->violating, left);
}

static bool limit_reached(const Explorer *explorer)
{
	const ExploreOptions *options = explorer->options;

	return (options->stop_at && tally_violates(explorer->tally, options->stop_at)) ||
	       (options->max_schedules &&
		explorer->verdict->executed >= options->max_schedules) ||
	       (options->max_seconds > 0 &&
		seconds_since(explorer->started) >= options->max_seconds);
}

/* Hand @plan over; false: it is done or under way.  Takes it. */
static bool start(Explorer *explorer, Plan *plan)
{
	g_autofree char *key = plan_key(plan);

	if (g_hash_table_contains(explorer->ready, key) ||
	    g_hash_table_contains(explorer->running, key)) {
		plan_free(plan);
		return false;
	}
	Outcome *known = journal_take(explorer->journal, key);
	if (known) {
		plan_free(plan);
		g_hash_table_insert(explorer->ready, g_steal_pointer(&key), known);
	} else {
		g_hash_table_add(explorer->running, g_steal_pointer(&key));
		workers_start(explorer->workers, plan);
	}
	return true;
}

static const Outcome *known_outcome(gpointer data, const Plan *plan)
{
	const Explorer *explorer = data;
	g_autofree char *key = plan_key(plan);

	return g_hash_table_lookup(explorer->ready, key);
}

/*
 * Work ahead: idle guests take what will be asked for soon.  Of as many plans as there are
 * guests those under way leave one for each idle guest; to foresee more takes time.
 */
static void start_foreseen(Explorer *explorer)
{
	guint jobs = explorer->options->jobs;
	g_autofree Plan **plans = g_new(Plan *, jobs);
	bool started = true;

	while (started && workers_idle(explorer->workers) > 0) {
		guint n = explorer->policy->foresee(explorer->policy, known_outcome, explorer,
						    plans, jobs);

		started = false;
		for (guint i = 0; i < n; i++) {
			if (workers_idle(explorer->workers) > 0)
				started |= start(explorer, plans[i]);
			else
				plan_free(plans[i]);
		}
	}
}

/* Fetch one result; false: an error. */
static bool fetch(Explorer *explorer, GError **error)
{
	g_autoptr(Result) result = workers_wait(explorer->workers, WAIT_USEC);

	progress(explorer);
	if (!result)
		return true;
	g_hash_table_remove(explorer->running, result->key);
	if (result->error) {
		g_propagate_error(error, g_steal_pointer(&result->error));
		return false;
	}
	if (!g_hash_table_remove(explorer->again, result->key) &&
	    !journal_add(explorer->journal, result->key, result->outcome, error))
		return false;
	g_hash_table_insert(explorer->ready, g_steal_pointer(&result->key),
			    g_steal_pointer(&result->outcome));
	return true;
}

/* The outcome of @plan, whose key is @key, wherever it comes from: it is ready then.  Takes @plan. */
static const Outcome *outcome_of(Explorer *explorer, Plan *plan, const char *key, GError **error)
{
	start(explorer, plan);
	while (!g_hash_table_contains(explorer->ready, key)) {
		start_foreseen(explorer);
		if (!fetch(explorer, error))
			return NULL;
	}
	return g_hash_table_lookup(explorer->ready, key);
}

/* The same; one that a journal has is run again where its files should be there, and are not. */
static const Outcome *outcome_with_texts(Explorer *explorer, Plan *plan, const char *key, GError **error)
{
	g_autoptr(Plan) again = plan_copy(plan);
	const Outcome *outcome = outcome_of(explorer, plan, key, error);

	if (!outcome || explorer->policy->elsewhere || !tally_lacks_files(explorer->tally, outcome))
		return outcome;
	g_hash_table_remove(explorer->ready, key);
	g_hash_table_add(explorer->again, g_strdup(key));
	return outcome_of(explorer, g_steal_pointer(&again), key, error);
}

static bool explore_all(Explorer *explorer, GError **error)
{
	Policy *policy = explorer->policy;

	while (!limit_reached(explorer)) {
		Plan *plan = policy->next(policy);

		explorer->verdict->complete = plan == NULL;
		if (!plan)
			return true;
		g_autofree char *key = plan_key(plan);
		const Outcome *outcome = outcome_with_texts(explorer, plan, key, error);
		if (!outcome)
			return false;
		if (!policy->learn(policy, outcome)) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
				    "the guest is not deterministic: schedule %d did not go the "
				    "way it went before", explorer->verdict->executed + 1);
			return false;
		}
		if (!policy->elsewhere && !tally_add(explorer->tally, outcome, error))
			return false;
		if (policy->part >= 0)
			g_hash_table_remove(explorer->ready, key);
		progress(explorer);
	}
	return true;
}

static Verdict *start_verdict(const Session *session, const Policy *policy)
{
	const Operations *operations = session->scenario->operations;
	const Kernel *kernel = session->kernel;
	Verdict *verdict = verdict_new();

	verdict->scenario = g_strdup(session->scenario->name);
	verdict->kernel = g_strdup(kernel->name);
	verdict->policy = g_strdup(policy->name);
	verdict->title = g_strdup(session->scenario->title);
	if (operations) {
		verdict->setup = g_strdup(operations->setup_text);
		verdict->operations = g_strdup(operations->actors_text);
		verdict->pages = (int)operations->shape.pages;
		verdict->arenas = (int)operations->shape.arenas;
		verdict->processes = (int)operations->shape.processes;
		verdict->unseen_verbs = operations_unseen(operations);
		verdict->unwatched = operations_unwatched(operations);
	}
	verdict->failures = session->n_failures;
	verdict->kernel_kind = g_strdup(kernel->kind);
	verdict->kernel_title = g_strdup(kernel->title);
	verdict->kernel_release = g_strdup(kernel->release);
	verdict->kernel_source = g_strdup(kernel->source);
	verdict->kernel_key = g_strdup(kernel->key);
	verdict->kernel_patches = g_strdup(kernel->patches);
	verdict->config_sha256 = g_strdup(kernel->config_sha256);
	origin_copy(&kernel->origin, &verdict->origin);
	verdict->qemu = g_strdup(machine_qemu_version(session->guest->machine));
	verdict->controls = session->controls;
	verdict->absent_hooks = stepper_absent_hooks(session->stepper);
	verdict->connect = g_strdup(session->connect);
	verdict->snapshot = g_strdup(session->snapshot);
	verdict->snapshot_sum = g_strdup(session->snapshot_sum);
	verdict->emulator = session->connect ? NULL
			    : paths_qemu()   ? g_strdup(paths_qemu())
					     : g_find_program_in_path(ARCH.emulator);
	return verdict;
}

static void finish_verdict(Explorer *explorer)
{
	Verdict *verdict = explorer->verdict;

	tally_end(explorer->tally);
	verdict->wall_s = seconds_since(explorer->started);
	verdict->pruned = explorer->policy->pruned;
}

/* Once nobody runs any more. */
static void add_times(Explorer *explorer)
{
	WorkersTimes times;

	while (workers_idle(explorer->workers) < explorer->options->jobs)
		result_free(workers_wait(explorer->workers, WAIT_USEC));
	times = workers_times(explorer->workers);
	explorer->verdict->spent_s = (VerdictTimes){
		times.total / 1e6, times.machine.restore / 1e6, times.machine.run / 1e6,
		times.machine.ask / 1e6, times.drgn / 1e6,
		times.machine.stops, times.machine.packets, times.machine.writes,
	};
}

char *explore_options(const char *policy, int preemptions, int failures)
{
	return failures ? g_strdup_printf("%s/%d/failures=%d", policy, preemptions, failures)
			: g_strdup_printf("%s/%d", policy, preemptions);
}

char *explore_options_split(int depth, int part, int parts)
{
	return part ? g_strdup_printf("dpor/-1/%d/%d/%d", depth, part, parts)
		    : g_strdup_printf("dpor/-1/%d", depth);
}

char *explore_identity(const Scenario *scenario, const Kernel *kernel, const char *snapshot,
		       const char *snapshot_sum, const char *options)
{
	return g_strdup_printf("%s %s %s %s %s %s", scenario->name, kernel->name, kernel->key, snapshot,
			       snapshot_sum, options);
}

static bool open_journal(Explorer *explorer, GError **error)
{
	const Session *session = explorer->session;
	const ExploreOptions *options = explorer->options;
	g_autofree char *path = folder_path(options->out, "journal");
	g_autofree char *what = explore_identity(session->scenario, session->kernel, session->snapshot,
						 session->snapshot_sum, options->options);

	explorer->journal = (options->resume ? journal_resume : journal_new)(path, what, error);
	return explorer->journal != NULL;
}

static bool prepare(Explorer *explorer, GError **error)
{
	const ExploreOptions *options = explorer->options;

	/* A journal for something else must not cost the old run its results. */
	if ((options->resume && !open_journal(explorer, error)) ||
	    !folder_make(options->out, options->resume, error) ||
	    (!options->resume && !open_journal(explorer, error)))
		return false;
	if (options->resume) {
		explorer->verdict->resumed = journal_left(explorer->journal);
		g_message("%d schedules are done already", explorer->verdict->resumed);
	}
	return true;
}

static bool write_results(Explorer *explorer, GError **error)
{
	const Guest *guest = explorer->session->guest;
	g_autofree char *json = verdict_json(explorer->verdict);
	g_autofree char *console = guest ? machine_console(guest->machine) : g_strdup("");

	return folder_write(explorer->options->out, "console.log", console, error) &&
	       folder_write(explorer->options->out, "verdict.json", json, error);
}

/* What people read.  Facts need the guest, which an interrupt has taken away. */
static bool write_reports(Explorer *explorer, bool interrupted, GError **error)
{
	const char *out = explorer->options->out;
	g_autoptr(GError) local = NULL;

	if (!interrupted && !publish_facts(explorer->session, out, REPLAYS,
					     explorer->options->part != NULL, &local) &&
	    !g_error_matches(local, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	explorer->verdict->irq_events = explorer->session->irqs == IRQS_EVENTS;
	explorer->verdict->restarts = workers_restarts(explorer->workers);
	g_autofree char *run = verdict_run_json(explorer->verdict);
	return folder_write(out, "run.json", run, error) && publish(out, error);
}

static bool explore_locked(Session *session, Policy *policy, const ExploreOptions *options,
			   Verdict **ret, GError **error)
{
	g_autoptr(Verdict) verdict = start_verdict(session, policy);
	g_autoptr(Tally) tally = tally_new(verdict, options->out);
	g_autoptr(GHashTable) running = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) again = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) ready = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							    (GDestroyNotify)outcome_free);
	verdict->bound = g_strdup(options->bound);
	verdict->part = g_strdup(options->part);
	Explorer explorer = {
		.session = session, .policy = policy, .options = options, .verdict = verdict,
		.ready = ready, .running = running, .again = again, .tally = tally,
	};
	g_autoptr(GError) local = NULL;

	if (!prepare(&explorer, error))
		return false;
	g_autoptr(Journal) journal = explorer.journal;
	g_autoptr(Workers) workers = workers_new(session, options->jobs, options->recheck);
	explorer.workers = workers;
	explorer.started = g_get_monotonic_time();
	explorer.progress = progress_begin();
	bool ok = explore_all(&explorer, &local);
	bool interrupted = g_error_matches(local, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	progress_end();
	finish_verdict(&explorer);
	if (!ok && !interrupted) {
		/* A broken rig has no verdict; violations seen before keep their schedules. */
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	add_times(&explorer);
	if (!interrupted && !(verdict->unseen = unseen_count(session, error)))
		return false;
	if (!write_results(&explorer, error) || !write_reports(&explorer, interrupted, error))
		return false;
	*ret = g_steal_pointer(&verdict);
	return true;
}

bool explore(Session *session, Policy *policy, const ExploreOptions *options, Verdict **ret,
	     GError **error)
{
	int lock = folder_may_write(options->out, error) ? folder_lock(options->out, error) : -1;

	if (lock < 0)
		return false;
	bool ok = explore_locked(session, policy, options, ret, error);
	close(lock);
	return ok;
}
