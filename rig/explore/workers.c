// SPDX-License-Identifier: GPL-2.0-only
#include "explore/workers.h"

#include "explore/run.h"
#include "util/cpu.h"
#include "util/error.h"

typedef struct {
	Workers *all;
	Session *session;	/* NULL until its thread has started it; but the first */
	GThread *thread;
	WorkersTimes at_start;	/* what was spent before the first plan */
} Worker;

struct Workers {
	GAsyncQueue *plans, *results;
	Worker *workers;
	Session *first;
	int jobs, recheck;
	int running;		/* plans handed over whose results were not fetched */
};

/* What tells a thread to end. */
static Plan end_of_plans;

void result_free(Result *result)
{
	if (!result)
		return;
	g_free(result->key);
	outcome_free(result->outcome);
	g_clear_error(&result->error);
	g_free(result);
}

/* One plan in so many is checked, the same ones whoever runs them. */
static bool is_sample(const Workers *workers, const char *key)
{
	return workers->recheck && g_str_hash(key) % workers->recheck == 0;
}

/* All plans are about the same tree, or they are about nothing. */
static bool is_void(const Worker *worker, GError **error)
{
	const Session *session = worker->session;

	g_assert(session);
	Irqs irqs = stepper_irqs(session->stepper);
	if (irqs == session->irqs)
		return false;
	g_set_error(error, RIG_ERROR, RIG_ERROR_ANEW, "for the first time an interrupt %s",
		    irqs == IRQS_SENT ? "comes from another vCPU" : "does more than flush a TLB");
	return true;
}

static Outcome *run(const Worker *worker, Plan *plan, const char *key, GError **error)
{
	const Workers *all = worker->all;
	bool twice = is_sample(all, key);
	g_autoptr(Outcome) outcome =
		(twice ? run_plan_twice : run_plan)(worker->session, plan, error);

	if (outcome && outcome->violates && all->recheck && !twice) {
		g_clear_pointer(&outcome, outcome_free);
		outcome = run_plan_twice(worker->session, plan, error);
	}
	/* Whichever run found out: what it came to counts for nothing. */
	return outcome && !is_void(worker, error) ? g_steal_pointer(&outcome) : NULL;
}

static WorkersTimes times_of(const Session *session)
{
	return (WorkersTimes){ session->run_usec, session->drgn_usec, session_times(session) };
}

static bool start_session(Worker *worker, GError **error)
{
	const Session *first = worker->all->first;

	worker->session = session_new_of(scenario_ref(first->scenario), kernel_ref(first->kernel),
					 &(SessionPlace){ .connect = first->connect }, first->cancel,
					 error);
	if (worker->session)
		worker->session->n_failures = first->n_failures;
	if (!worker->session || !session_prepare(worker->session, error))
		return false;
	worker->session->irqs = first->irqs;
	stepper_expect_irqs(worker->session->stepper, first->irqs);
	return true;
}

static gpointer work(gpointer data)
{
	Worker *worker = data;
	g_autoptr(GError) broken = NULL;
	Plan *plan;

	cpu_claim(worker - worker->all->workers);
	if (!worker->session && !start_session(worker, &broken))
		g_clear_pointer(&worker->session, session_free);
	if (worker->session)
		worker->at_start = times_of(worker->session);
	while ((plan = g_async_queue_pop(worker->all->plans)) != &end_of_plans) {
		Result *result = g_new0(Result, 1);

		result->key = plan_key(plan);
		if (broken)
			result->error = g_error_copy(broken);
		else
			result->outcome = run(worker, plan, result->key, &result->error);
		plan_free(plan);
		g_async_queue_push(worker->all->results, result);
	}
	return NULL;
}

Workers *workers_new(Session *first, int jobs, int recheck)
{
	Workers *workers = g_new0(Workers, 1);

	*workers = (Workers){ .first = first, .jobs = jobs, .recheck = recheck };
	workers->plans = g_async_queue_new();
	workers->results = g_async_queue_new_full((GDestroyNotify)result_free);
	workers->workers = g_new0(Worker, jobs);
	for (int i = 0; i < jobs; i++) {
		Worker *worker = &workers->workers[i];

		worker->all = workers;
		worker->session = i == 0 ? first : NULL;
		worker->thread = g_thread_new("worker", work, worker);
	}
	return workers;
}

void workers_free(Workers *workers)
{
	if (!workers)
		return;
	for (int i = 0; i < workers->jobs; i++)
		g_async_queue_push(workers->plans, &end_of_plans);
	for (int i = 0; i < workers->jobs; i++)
		g_thread_join(workers->workers[i].thread);
	for (int i = 1; i < workers->jobs; i++)
		session_free(workers->workers[i].session);
	g_async_queue_unref(workers->plans);
	g_async_queue_unref(workers->results);
	g_free(workers->workers);
	g_free(workers);
}

int workers_idle(const Workers *workers)
{
	return workers->jobs - workers->running;
}

void workers_start(Workers *workers, Plan *plan)
{
	workers->running++;
	g_async_queue_push(workers->plans, plan);
}

Result *workers_wait(Workers *workers, gint64 usec)
{
	Result *result = g_async_queue_timeout_pop(workers->results, usec);

	if (result)
		workers->running--;
	return result;
}

int workers_restarts(const Workers *workers)
{
	int restarts = 0;

	for (int i = 0; i < workers->jobs && !workers->running; i++)
		restarts += workers->workers[i].session ? workers->workers[i].session->restarts : 0;
	return restarts;
}

WorkersTimes workers_times(const Workers *workers)
{
	WorkersTimes sum = { 0 };

	for (int i = 0; i < workers->jobs; i++) {
		const Worker *worker = &workers->workers[i];

		if (!worker->session || workers->running)
			continue;
		WorkersTimes now = times_of(worker->session);
		sum.total += now.total - worker->at_start.total;
		sum.drgn += now.drgn - worker->at_start.drgn;
		machine_times_add(&sum.machine, &now.machine, &worker->at_start.machine);
	}
	return sum;
}
