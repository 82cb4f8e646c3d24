// SPDX-License-Identifier: GPL-2.0-only
#include "explore.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"

enum { MAX_SAVED = 20, PROGRESS_USEC = 200000 };

typedef struct {
	Session *session;
	const ExploreLimits *limits;
	Verdict *verdict;
	GHashTable *final_states;
	GHashTable *invariants;	/* those with a saved schedule */
	gint64 started, progressed;
} Explorer;

static bool write_file(const char *dir, const char *relative, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(dir, relative, NULL);

	return g_file_set_contents(path, text, -1, error);
}

/* A run folder of this project's may be replaced; anything else may not. */
bool explore_may_write(const char *out, GError **error)
{
	g_autofree char *trace = g_build_filename(out, "trace", NULL);
	g_autoptr(GDir) old = g_dir_open(out, 0, NULL);

	if (!old || !g_dir_read_name(old) || g_file_test(trace, G_FILE_TEST_IS_DIR))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s is not empty and no run folder; give another --out", out);
	return false;
}

/* An empty run folder, whatever an earlier run left in it. */
static bool make_folder(const char *out, GError **error)
{
	static const char *const parts[] = { "schedules", "trace" };
	g_autofree char *verdict = g_build_filename(out, "verdict.json", NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(out, parts[i], NULL);

		if (g_mkdir_with_parents(path, 0755)) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: cannot be made", path);
			return false;
		}
		g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
		for (const char *name; dir && (name = g_dir_read_name(dir));) {
			g_autofree char *file = g_build_filename(path, name, NULL);
			g_unlink(file);
		}
	}
	g_unlink(verdict);
	return true;
}

static bool save_schedule(Explorer *explorer, const Schedule *schedule, const char *stem,
			  GError **error)
{
	g_autofree char *text = schedule_format(schedule);
	g_autofree char *trace = trace_json(explorer->session->trace);
	g_autofree char *schedule_name = g_strdup_printf("schedules/%s.sched", stem);
	g_autofree char *trace_name = g_strdup_printf("trace/%s.jsonl", stem);

	return write_file(explorer->limits->out, schedule_name, text, error) &&
	       write_file(explorer->limits->out, trace_name, trace, error);
}

/* Keep the first schedule of every invariant, and a few more. */
static bool record(Explorer *explorer, const Schedule *schedule, RunEnd end, GError **error)
{
	Session *session = explorer->session;
	Verdict *verdict = explorer->verdict;
	GPtrArray *violations = session->check->violations;
	int number = ++verdict->executed;

	if (end == RUN_CIRCLE)
		verdict->circles++;
	else
		g_hash_table_add(explorer->final_states, trace_final_state(session->trace));
	if (end == RUN_CIRCLE && verdict->circles == 1 && !violations->len)
		return save_schedule(explorer, schedule, "circle", error);
	if (!violations->len)
		return number > 1 || save_schedule(explorer, schedule, "0001-clean", error);
	verdict->violating++;

	const Violation *first = g_ptr_array_index(violations, 0);
	bool seen = g_hash_table_contains(explorer->invariants, first->invariant);
	if (seen && verdict->violations->len >= MAX_SAVED)
		return true;
	g_autofree char *stem = g_strdup_printf("%04d-%s", number, first->invariant);
	g_autofree char *file = g_strdup_printf("schedules/%s.sched", stem);
	for (guint i = 0; i < violations->len; i++) {
		const Violation *violation = g_ptr_array_index(violations, i);

		verdict_add(verdict, violation->invariant, violation->summary, file,
			    schedule->decisions->len, schedule_switches(schedule));
	}
	if (!seen) {
		g_autofree char *text = trace_interleaving(session->trace, first->event);
		g_hash_table_add(explorer->invariants, g_strdup(first->invariant));
		g_print("schedule %d violates %s: %s\n\n%s\n", number, first->invariant,
			first->summary, text);
	}
	return save_schedule(explorer, schedule, stem, error);
}

static void progress(Explorer *explorer, bool last)
{
	gint64 now = g_get_monotonic_time();
	double seconds = (now - explorer->started) / 1e6;

	if (!isatty(STDERR_FILENO) || (!last && now - explorer->progressed < PROGRESS_USEC))
		return;
	explorer->progressed = now;
	g_printerr("\r\033[K  %d schedules, %d violating, %.1f/s%s", explorer->verdict->executed,
		   explorer->verdict->violating, explorer->verdict->executed / seconds,
		   last ? "\r\033[K" : "");
}

static bool limit_reached(const Explorer *explorer)
{
	const ExploreLimits *limits = explorer->limits;
	double seconds = (g_get_monotonic_time() - explorer->started) / 1e6;

	return (limits->max_schedules && explorer->verdict->executed >= limits->max_schedules) ||
	       (limits->max_seconds > 0 && seconds >= limits->max_seconds);
}

static bool explore_all(Explorer *explorer, Policy *policy, GError **error)
{
	bool more = true;

	while (more && !limit_reached(explorer)) {
		g_autoptr(Schedule) schedule = NULL;
		g_autofree char *diverged = NULL;
		RunEnd end;

		if (!run_schedule(explorer->session, policy, &schedule, &end, &diverged, error))
			return false;
		if (diverged) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
				    "the guest is not deterministic: schedule %d, %s",
				    explorer->verdict->executed + 1, diverged);
			return false;
		}
		if (!record(explorer, schedule, end, error))
			return false;
		progress(explorer, false);
		more = policy->end(policy);
	}
	explorer->verdict->complete = !more;
	return true;
}

static bool write_results(Explorer *explorer, GError **error)
{
	g_autofree char *json = verdict_json(explorer->verdict);
	g_autofree char *console = machine_console(explorer->session->guest->machine);

	return write_file(explorer->limits->out, "console.log", console, error) &&
	       write_file(explorer->limits->out, "verdict.json", json, error);
}

static Verdict *start_verdict(const Session *session, const Policy *policy)
{
	const Kernel *kernel = session->kernel;
	Verdict *verdict = verdict_new();

	verdict->scenario = g_strdup(session->scenario->name);
	verdict->kernel = g_strdup(kernel->name);
	verdict->policy = g_strdup(policy->name);
	verdict->kernel_source = g_strdup(kernel->source);
	verdict->kernel_key = g_strdup(kernel->key);
	verdict->kernel_patches = g_strdup(kernel->patches);
	verdict->config_sha256 = g_strdup(kernel->config_sha256);
	verdict->compiler = g_strdup(kernel->compiler);
	verdict->qemu = g_strdup(machine_qemu_version(session->guest->machine));
	return verdict;
}

bool explore(Session *session, Policy *policy, const ExploreLimits *limits, Verdict **ret,
	     GError **error)
{
	g_autoptr(Verdict) verdict = start_verdict(session, policy);
	g_autoptr(GHashTable) states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) invariants =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Explorer explorer = {
		.session = session, .limits = limits, .verdict = verdict,
		.final_states = states, .invariants = invariants,
		.started = g_get_monotonic_time(),
	};
	g_autoptr(GError) local = NULL;

	if (!explore_may_write(limits->out, error) || !make_folder(limits->out, error))
		return false;
	bool ok = explore_all(&explorer, policy, &local);
	bool interrupted = g_error_matches(local, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	progress(&explorer, true);
	verdict->wall_s = (g_get_monotonic_time() - explorer.started) / 1e6;
	verdict->distinct_final_states = g_hash_table_size(states);
	verdict->verdict = verdict->violating ? "violation"
			   : verdict->complete ? "clean" : "inconclusive";
	if (!ok && !interrupted) {
		/* A broken rig has no verdict; violations seen before keep their schedules. */
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	if (!write_results(&explorer, error))
		return false;
	*ret = g_steal_pointer(&verdict);
	return true;
}
