// SPDX-License-Identifier: GPL-2.0-only
#include "suite/suite.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "catalog/expectation.h"
#include "explore/explore.h"
#include "explore/folder.h"
#include "explore/snapshot.h"
#include "explore/journal.h"
#include "explore/publish.h"
#include "report/junit.h"
#include "report/ktap.h"
#include "report/markdown.h"
#include "util/child.h"
#include "util/cpu.h"
#include "util/error.h"
#include "util/file.h"
#include "util/progress.h"

/* How often it is looked whether something is to be shown. */
enum { TICK_MS = 200 };

typedef struct {
	const SuiteOptions *options;
	const Costs *costs;
	Table *table;
	GPtrArray *waiting;	/* of Job, last one first */
	GPtrArray *running;	/* of Job, by slot; NULL: idle */
	guint deadline;		/* source; 0: none any more */
	Progress shown;
	bool stopping;		/* nothing is started any more */
} Suite;

typedef struct {
	Suite *suite;
	const Pair *pair;
	TableRow *row;
	char *out;		/* run folder */
	GSubprocess *process;
	guint slot;
	gint64 cost;		/* milliseconds, as far as anybody knows */
	bool begun;		/* now, or by an earlier suite */
} Job;

static void job_free(gpointer data)
{
	Job *job = data;

	if (!job)
		return;
	g_clear_object(&job->process);
	g_free(job->out);
	g_free(job);
}

/* "lost-write on stock, alloc-vs-free on stock"; the caller's. */
static char *running_pairs(const Suite *suite, int *ret_busy)
{
	GString *names = g_string_new(NULL);

	*ret_busy = 0;
	for (guint i = 0; i < suite->running->len; i++) {
		const Job *job = g_ptr_array_index(suite->running, i);

		if (job)
			g_string_append_printf(names, "%s%s on %s", (*ret_busy)++ ? ", " : "",
					       job->row->scenario, job->row->kernel);
	}
	return g_string_free(names, FALSE);
}

static gboolean on_tick(gpointer data)
{
	Suite *suite = data;
	TableCounts counts = table_count(suite->table);
	int busy;

	if (!progress_due(&suite->shown))
		return G_SOURCE_CONTINUE;
	g_autofree char *names = running_pairs(suite, &busy);
	progress_show("%d of %d pairs, %d not as expected: %s",
		      counts.pairs - (int)suite->waiting->len - busy, counts.pairs,
		      counts.unexpected + counts.broken, names);
	return G_SOURCE_CONTINUE;
}

static void judge(const Pair *pair, TableRow *row)
{
	g_autoptr(Expectation) expectation = expectation_new(pair->scenario, pair->kernel);

	row->as_expected = !row->skipped && !row->error &&
			   expectation_met(expectation, row->verdict,
					   (const char *const *)row->violated);
}

static void set_verdict(TableRow *row, const char *verdict, char **reason, const char *text)
{
	g_free(row->verdict);
	row->verdict = g_strdup(verdict);
	if (reason)
		*reason = g_strdup(text);
}

/* The last line of stderr is what ended it. */
static char *last_line(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const char *last = "it said nothing";

	for (char **line = lines; *line; line++)
		if (*g_strstrip(*line))
			last = *line;
	return g_strdup(g_str_has_prefix(last, "racerig: ") ? last + strlen("racerig: ") : last);
}

static void read_log(const Job *job)
{
	g_autofree char *path = folder_path(job->out, "explore.txt");

	if (!job->row->as_expected)
		job->row->log = file_read(path, FILE_FOUND, FILE_MAX_BYTES, NULL, NULL);
}

/* What the process came to; one that was told to stop owes nothing. */
static void read_end(Job *job, const char *errors)
{
	int code = g_subprocess_get_if_exited(job->process)
			   ? g_subprocess_get_exit_status(job->process) : -1;
	g_autofree char *verdict = folder_path(job->out, "verdict.json");
	g_autofree char *said = last_line(errors);
	g_autofree char *killed = g_strdup_printf(
		"ended by signal %d", code < 0 ? g_subprocess_get_term_sig(job->process) : 0);
	g_autoptr(GError) local = NULL;

	if (code == 0 || code == 1) {
		if (!table_row_read(job->row, verdict, &local))
			set_verdict(job->row, "error", &job->row->error, local->message);
	} else if (job->suite->stopping) {
		set_verdict(job->row, "inconclusive", NULL, NULL);
	} else if (code == 77) {
		set_verdict(job->row, "skipped", &job->row->skipped, said);
	} else {
		set_verdict(job->row, "error", &job->row->error, code < 0 ? killed : said);
	}
}

static void start_waiting(Suite *suite);

static void on_end(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autofree char *out = NULL, *errors = NULL;
	Job *job = data;
	Suite *suite = job->suite;
	TableRow *row = job->row;

	g_subprocess_communicate_utf8_finish(G_SUBPROCESS(source), result, &out, &errors, NULL);
	read_end(job, errors ? errors : "");
	judge(job->pair, row);
	if (g_file_test(job->out, G_FILE_TEST_IS_DIR))
		folder_write(job->out, "explore.txt", out ? out : "", NULL);
	read_log(job);
	g_autofree char *cell = table_cell(row);
	g_autofree char *reason = table_reason(row);
	if (!isatty(STDERR_FILENO))
		g_message("  %s on %s: %s%s%s", row->scenario, row->kernel, cell,
			  row->as_expected ? "" : "  NOT as expected: ",
			  row->as_expected ? "" : reason);
	suite->running->pdata[job->slot] = NULL;
	job_free(job);
	start_waiting(suite);
}

static bool start_job(Job *job, guint slot, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
	g_autofree char *bound = g_strdup_printf("%d", job->pair->preemptions);
	g_autofree char *journal = folder_path(job->out, "journal");
	g_autofree char *verdict = folder_path(job->out, "verdict.json");
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	bool resume = job->suite->options->resume && g_file_test(journal, G_FILE_TEST_EXISTS);
	/* Ourselves, whatever the path of the program is by now. */
	const char *words[] = { "/proc/self/exe", "explore", job->row->scenario, "--kernel",
				job->row->kernel, "--build", job->pair->kernel->key,
				"--out", job->out, "--called", job->row->folder };

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		g_ptr_array_add(argv, (char *)words[i]);
	if (job->pair->preemptions >= 0) {
		g_ptr_array_add(argv, "--preemptions");
		g_ptr_array_add(argv, bound);
	}
	if (job->suite->options->connect) {
		g_ptr_array_add(argv, "--connect");
		g_ptr_array_add(argv, (char *)job->suite->options->connect);
	}
	if (resume)
		g_ptr_array_add(argv, "--resume");
	g_ptr_array_add(argv, NULL);
	g_unlink(verdict);
	/* A child stays on the CPUs that its parent is on when it is started. */
	cpu_claim(slot);
	job->process = child_start(launcher, (const char *const *)argv->pdata, NULL, error);
	if (!job->process)
		return false;
	job->slot = slot;
	job->begun = true;
	job->suite->running->pdata[slot] = job;
	g_subprocess_communicate_utf8_async(job->process, NULL, NULL, on_end, job);
	return true;
}

static void start_waiting(Suite *suite)
{
	for (guint slot = 0; slot < suite->running->len; slot++) {
		while (!suite->running->pdata[slot] && suite->waiting->len && !suite->stopping) {
			Job *job = g_ptr_array_steal_index(suite->waiting,
							   suite->waiting->len - 1);
			g_autoptr(GError) local = NULL;

			if (start_job(job, slot, &local))
				continue;
			set_verdict(job->row, "error", &job->row->error, local->message);
			job_free(job);
		}
	}
}

static bool is_busy(const Suite *suite)
{
	for (guint slot = 0; slot < suite->running->len; slot++)
		if (suite->running->pdata[slot])
			return true;
	return false;
}

/* Children told to stop write what they have, and the journal keeps the rest. */
static void stop(Suite *suite)
{
	suite->stopping = true;
	for (guint slot = 0; slot < suite->running->len; slot++) {
		const Job *job = g_ptr_array_index(suite->running, slot);

		if (job)
			g_subprocess_send_signal(job->process, SIGINT);
	}
}

static gboolean on_cancel(GCancellable *cancel, gpointer data)
{
	(void)cancel;
	stop(data);
	return G_SOURCE_REMOVE;
}

static gboolean on_deadline(gpointer data)
{
	((Suite *)data)->deadline = 0;
	stop(data);
	return G_SOURCE_REMOVE;
}

static char *skip_reason(const Pair *pair, bool named)
{
	const char *missing = expectation_missing(pair->scenario, pair->kernel);

	return missing && !named ? g_strdup_printf("this kernel has no %s", missing) : NULL;
}

/* NULL: it is. */
static char *not_built_reason(const Kernel *kernel)
{
	return kernel->key ? NULL : g_strdup_printf("kernel not built; run: racerig kernel build %s",
						    kernel->name);
}

/* Whether an earlier run of the very same pair ended; then its row is filled. */
static bool take_over(Job *job)
{
	const Pair *pair = job->pair;
	g_autofree char *sum = NULL;
	g_autofree char *snapshot = session_snapshot(
		pair->kernel, pair->scenario, job->suite->options->connect, &sum, NULL);
	g_autofree char *options = explore_options("dpor", pair->preemptions,
							 pair->scenario->failures);
	g_autofree char *identity = sum ? explore_identity(pair->scenario, pair->kernel, snapshot, sum,
							   options) : NULL;
	g_autofree char *journal = folder_path(job->out, "journal");
	g_autofree char *verdict = folder_path(job->out, "verdict.json");

	if (!identity || !journal_is_for(journal, identity)) {
		/* Something else: nothing to go on with. */
		g_unlink(journal);
		return false;
	}
	/* One that was stopped may have found something by then; the journal knows how far it was. */
	if (!table_row_read(job->row, verdict, NULL) || !job->row->complete) {
		job->begun = true;
		set_verdict(job->row, "inconclusive", NULL, NULL);
		return false;
	}
	judge(pair, job->row);
	read_log(job);
	return true;
}

static void add_pair(Suite *suite, const Pair *pair)
{
	g_autoptr(Expectation) expectation = expectation_new(pair->scenario, pair->kernel);
	TableRow *row = table_add(suite->table);
	Job *job = g_new0(Job, 1);

	row->scenario = g_strdup(pair->scenario->name);
	row->kernel = g_strdup(pair->kernel->name);
	row->kind = g_strdup(pair->kernel->kind);
	row->breaks = g_strdup(pair->kernel->breaks);
	row->expected = g_strdup(expectation->text);
	row->named = expectation->named;
	row->known = scenario_expectation(pair->scenario, "stock");
	row->skipped = skip_reason(pair, expectation->named);
	char **reason = suite->options->require_built ? &row->error : &row->skipped;
	if (!row->skipped)
		*reason = not_built_reason(pair->kernel);
	row->verdict = g_strdup(row->error ? "error" : row->skipped ? "skipped" : "inconclusive");
	if (!row->skipped && !row->error)
		row->folder = g_build_filename("runs", row->scenario, row->kernel, NULL);
	*job = (Job){ .suite = suite, .pair = pair, .row = row, .cost = costs_of(suite->costs, pair) };
	job->out = row->folder ? folder_path(suite->options->out, row->folder) : NULL;
	if (!row->folder || (suite->options->resume && take_over(job)))
		job_free(job);
	else
		g_ptr_array_add(suite->waiting, job);
}

/* The last one is begun first. */
static gint by_cost(gconstpointer a, gconstpointer b)
{
	const Job *left = *(Job *const *)a, *right = *(Job *const *)b;

	if (left->cost != right->cost)
		return left->cost < right->cost ? -1 : 1;
	return strcmp(right->out, left->out);
}

static gint by_cost_downwards(gconstpointer a, gconstpointer b)
{
	return by_cost(b, a);
}

/*
 * The longest first, so that nobody waits for them alone at the end; where time may run out
 * the shortest, so that as many pairs as can be are answered.
 */
static void sort_waiting(Suite *suite)
{
	g_ptr_array_sort(suite->waiting, suite->options->max_seconds > 0 ? by_cost_downwards : by_cost);
}

/* Those whose turn never came. */
static void mark_not_run(const Suite *suite)
{
	for (guint i = 0; i < suite->waiting->len; i++) {
		Job *job = g_ptr_array_index(suite->waiting, i);

		if (job->begun)
			continue;
		set_verdict(job->row, "not run", NULL, NULL);
		g_clear_pointer(&job->row->folder, g_free);
	}
}

static const char JSON[] = "suite.json", SUMMARY[] = "summary.md", KTAP[] = "suite.ktap",
		  JUNIT[] = "junit.xml", RUN[] = "run.json";

bool suite_make_folder(const char *out, GError **error)
{
	g_autofree char *runs = folder_path(out, "runs");
	g_autoptr(GDir) old = g_dir_open(out, 0, NULL);

	if (old && g_dir_read_name(old) && !g_file_test(runs, G_FILE_TEST_IS_DIR)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s is not empty and no suite's folder; give another --out", out);
		return false;
	}
	if (folder_lock(out, error) < 0)
		return false;
	if (g_mkdir_with_parents(runs, 0755)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: cannot be made", runs);
		return false;
	}
	const char *const old_results[] = { JSON, SUMMARY, KTAP, JUNIT };
	for (gsize i = 0; i < G_N_ELEMENTS(old_results); i++) {
		g_autofree char *path = folder_path(out, old_results[i]);
		g_unlink(path);
	}
	return true;
}

/* What the pairs took the last time they went into this folder, before they do it again. */
static void tell_time(const Suite *suite)
{
	g_autoptr(Table) before = table_new();
	double seconds = 0;
	guint known = 0;

	for (guint i = 0; i < suite->waiting->len; i++) {
		const Job *job = g_ptr_array_index(suite->waiting, i);
		g_autofree char *verdict = folder_path(job->out, "verdict.json");
		TableRow *row = table_add(before);

		if (!g_file_test(verdict, G_FILE_TEST_EXISTS) || !table_row_read(row, verdict, NULL))
			continue;
		seconds += row->wall_s;
		known++;
	}
	if (known)
		g_message("%u pairs, %d side by side; %u of them took %d min %02d s here last time, one "
			  "after the other", suite->waiting->len, suite->options->jobs, known,
			  (int)seconds / 60, (int)seconds % 60);
	else if (suite->waiting->len)
		g_message("%u pairs, %d side by side; none has been run into %s before",
			  suite->waiting->len, suite->options->jobs, suite->options->out);
}

/* All that waits, until a limit or an interrupt. */
static void run_waiting(Suite *suite, GCancellable *cancel)
{
	g_autoptr(GSource) cancelled = g_cancellable_source_new(cancel);
	const SuiteOptions *options = suite->options;
	guint ticks = g_timeout_add(TICK_MS, on_tick, suite);

	g_ptr_array_set_size(suite->running, options->jobs);
	g_source_set_callback(cancelled, G_SOURCE_FUNC(on_cancel), suite, NULL);
	g_source_attach(cancelled, NULL);
	suite->stopping = g_cancellable_is_cancelled(cancel);
	if (options->max_seconds > 0)
		suite->deadline = g_timeout_add(options->max_seconds * 1000, on_deadline, suite);
	suite->shown = progress_begin();
	start_waiting(suite);
	while (is_busy(suite))
		g_main_context_iteration(NULL, TRUE);
	progress_end();
	g_source_remove(ticks);
	g_clear_handle_id(&suite->deadline, g_source_remove);
	g_source_destroy(cancelled);
}

bool suite_run(const Selection *selection, const SuiteOptions *options, GCancellable *cancel,
	       Table **ret, GError **error)
{
	g_autoptr(Table) table = table_new();
	g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func(job_free);
	g_autoptr(GPtrArray) running = g_ptr_array_new();
	/* Only for the order: one that cannot be read, or is not there, decides nothing. */
	g_autofree char *before = folder_path(options->out, RUN);
	g_autoptr(Costs) known = options->costs ? NULL : costs_load(before, NULL);
	Suite suite = { .options = options, .costs = options->costs ? options->costs : known,
			.table = table, .waiting = waiting, .running = running };

	table->partial = options->shard != NULL;
	if (!suite_make_folder(options->out, error) ||
	    (options->shard && !shard_write(options->shard, options->out, options->resume, error)))
		return false;
	for (guint i = 0; i < selection->pairs->len; i++)
		if (!options->shard ||
		    g_array_index(options->shard->part, int, i) == options->shard->index)
			add_pair(&suite, &g_array_index(selection->pairs, Pair, i));
	sort_waiting(&suite);
	tell_time(&suite);
	run_waiting(&suite, cancel);
	mark_not_run(&suite);
	table_sort(table);
	*ret = g_steal_pointer(&table);
	return true;
}

bool suite_write(const char *out, const Table *table, const Comparison *comparison,
		 GError **error)
{
	g_autofree char *json = table_json(table), *summary = markdown_text(table, comparison);
	g_autofree char *ktap = ktap_text(table), *junit = junit_text(table, false);
	g_autofree char *run = costs_json(table);

	return folder_write(out, SUMMARY, summary, error) && folder_write(out, KTAP, ktap, error) &&
	       folder_write(out, JUNIT, junit, error) && folder_write(out, RUN, run, error) &&
	       folder_write(out, JSON, json, error) &&
	       publish_suite(out, error);
}
