// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/hunt.h"

#include <string.h>

#include "explore/folder.h"
#include "hunt/known.h"
#include "machine/code-log.h"
#include "util/cpu.h"
#include "util/error.h"
#include "util/json.h"
#include "util/line-log.h"
#include "util/progress.h"
#include "util/u64.h"

/* How long to wait for a combination before looking at the clock again. */
enum { WAIT_USEC = 200000 };

/* Shared by the threads; what is below @lock is under it. */
typedef struct {
	const HuntOptions *options;
	Hunt *hunt;
	LineLog *journal;
	gint64 started;
	GMutex lock;
	GCond changed;
	guint next;		/* combination that nobody has begun */
	int running;		/* threads */
	guint done, mine;	/* combinations */
	bool stopped;		/* what it was to stop at was found */
	GError *error;		/* the first one; all stop then */
} State;

typedef struct {
	State *state;
	int number;
	GThread *thread;
} Thread;

void hunt_free(Hunt *hunt)
{
	if (!hunt)
		return;
	g_ptr_array_unref(hunt->combinations);
	g_ptr_array_unref(hunt->hunted);
	g_hash_table_unref(hunt->guests);
	g_hash_table_unref(hunt->ran);
	about_free(hunt->about);
	g_free(hunt);
}

int hunt_shard_of(const Hunt *hunt, guint n)
{
	return (int)(n % hunt->about->shards) + 1;
}

bool hunt_is_mine(const Hunt *hunt, guint n)
{
	return hunt_shard_of(hunt, n) == hunt->about->shard;
}

static double seconds_since(gint64 start)
{
	return (g_get_monotonic_time() - start) / 1e6;
}

static bool is_over(const State *state)
{
	const HuntOptions *options = state->options;

	return state->error || state->stopped || g_cancellable_is_cancelled(options->each.cancel) ||
	       (options->max_seconds > 0 && seconds_since(state->started) >= options->max_seconds);
}

/* One that nobody has begun; -1: there are no more, or it is time to stop. */
static int take_next(State *state)
{
	int n = -1;

	g_mutex_lock(&state->lock);
	while (state->next < state->hunt->combinations->len &&
	       (g_ptr_array_index(state->hunt->hunted, state->next) ||
		!hunt_is_mine(state->hunt, state->next)))
		state->next++;
	if (state->next < state->hunt->combinations->len && !is_over(state))
		n = (int)state->next++;
	g_mutex_unlock(&state->lock);
	return n;
}

/* Under the lock: from here on all stop. */
static void give_up(State *state, GError *error)
{
	if (state->error)
		g_error_free(error);
	else
		state->error = error;
}

static void add_line(State *state, const char *line)
{
	GError *error = NULL;

	if (!line_log_add(state->journal, line, &error))
		give_up(state, error);
}

char *hunt_guest_line(const char *snapshot, const char *sum)
{
	return g_strdup_printf("{\"snapshot\":\"%s\",\"sha256\":\"%s\"}", snapshot, sum);
}

char *hunt_ran_line(GHashTable *ran)
{
	guint n = g_hash_table_size(ran);
	g_autofree guint64 *all = code_in_order(ran);
	GString *text = g_string_new("{\"ran\":[");

	for (guint i = 0; i < n; i++)
		g_string_append_printf(text, "%s\"0x%" G_GINT64_MODIFIER "x\"", i ? "," : "", all[i]);
	g_string_append(text, "]}");
	return g_string_free(text, n == 0);
}

/* What is new in @ran is remembered, and written down. */
static void note_ran(State *state, GHashTable *ran)
{
	g_autoptr(GHashTable) fresh = g_hash_table_new(g_int64_hash, g_int64_equal);
	GHashTableIter iter;
	gpointer addr;

	g_hash_table_iter_init(&iter, ran);
	while (g_hash_table_iter_next(&iter, &addr, NULL)) {
		if (g_hash_table_contains(state->hunt->ran, addr))
			continue;
		addr = g_memdup2(addr, sizeof(guint64));
		g_hash_table_add(state->hunt->ran, addr);
		g_hash_table_add(fresh, addr);
	}
	g_autofree char *line = hunt_ran_line(fresh);
	if (line)
		add_line(state, line);
}

/* No two boots are the same: a snapshot of one name is to be one throughout. */
static void note_guest(State *state, const Hunter *hunter)
{
	g_autofree char *snapshot = hunter_snapshot(hunter);
	const char *sum = hunter_snapshot_sum(hunter);
	const char *before = snapshot ? g_hash_table_lookup(state->hunt->guests, snapshot) : NULL;

	if (!snapshot || g_strcmp0(before, sum) == 0)
		return;
	if (before) {
		give_up(state, g_error_new(RIG_ERROR, RIG_ERROR_INPUT,
					   "snapshot %s was made anew meanwhile, and is another one; hunt "
					   "without --resume", snapshot));
		return;
	}
	g_autofree char *line = hunt_guest_line(snapshot, sum);
	g_hash_table_insert(state->hunt->guests, g_steal_pointer(&snapshot), g_strdup(sum));
	add_line(state, line);
}

/*
 * It shows what the hunt was to stop at, and not only as a finding that is written down; or behind another
 * violation only.
 */
static bool is_stop(const State *state, const Hunted *hunted)
{
	const HuntAbout *about = state->hunt->about;
	const char *stop_at = state->options->stop_at;
	bool known = false;

	for (guint i = 0; stop_at && i < hunted->hits->len; i++) {
		const Hit *hit = g_ptr_array_index(hunted->hits, i);

		if (strcmp(hit->violation.invariant, stop_at) != 0)
			continue;
		if (!known_find(state->options->each.known, about->kernel, about->kind, hit))
			return true;
		known = true;
	}
	return stop_at && !known && hunted_violates(hunted, stop_at);
}

static void put(State *state, Hunter *hunter, Hunted *hunted, GError *error)
{
	g_autoptr(GHashTable) ran = hunter ? hunter_ran(hunter) : NULL;

	g_mutex_lock(&state->lock);
	if (error)
		give_up(state, g_error_copy(error));
	if (hunted) {
		g_autofree char *line = hunted_format(hunted);

		note_guest(state, hunter);
		/* Which of those with a verb that the kernel has not was tried is a matter of luck. */
		if (ran && hunted->how != HUNTED_ABSENT)
			note_ran(state, ran);
		g_ptr_array_index(state->hunt->hunted, hunted->n) = hunted;
		state->done++;
		state->stopped |= is_stop(state, hunted);
		add_line(state, line);
	}
	g_cond_signal(&state->changed);
	g_mutex_unlock(&state->lock);
}

static gpointer work(gpointer data)
{
	Thread *self = data;
	State *state = self->state;
	g_autoptr(GError) none = NULL;
	g_autoptr(Hunter) hunter = hunter_new(&state->options->each, &none);
	int n;

	cpu_claim(self->number);
	if (!hunter)
		put(state, NULL, NULL, none);
	while (hunter && (n = take_next(state)) >= 0) {
		g_autoptr(GError) error = NULL;
		Hunted *hunted = hunter_explore(hunter,
						g_ptr_array_index(state->hunt->combinations, n), n, &error);

		put(state, hunter, hunted, error);
	}
	g_mutex_lock(&state->lock);
	state->hunt->restarts += hunter ? hunter_restarts(hunter) : 0;
	state->running--;
	g_cond_signal(&state->changed);
	g_mutex_unlock(&state->lock);
	return NULL;
}

/* Under the lock. */
static void progress(const State *state, Progress *shown)
{
	guint here = state->done - state->hunt->resumed;
	guint violating = 0;

	if (!progress_due(shown))
		return;
	for (guint i = 0; i < state->hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(state->hunt->hunted, i);

		violating += hunted && hunted->violating;
	}
	double left = here ? seconds_since(state->started) / here * (state->mine - state->done) / 60 : 0;
	progress_show("%u of %u combinations, %u violating, about %.0f min left", state->done,
		      state->mine, violating, left);
}

static void wait_for_all(State *state)
{
	Progress shown = progress_begin();

	g_mutex_lock(&state->lock);
	while (state->running) {
		g_cond_wait_until(&state->changed, &state->lock,
				  g_get_monotonic_time() + WAIT_USEC);
		progress(state, &shown);
	}
	g_mutex_unlock(&state->lock);
	progress_end();
}

char *hunt_journal_path(const char *out)
{
	return folder_path(out, "journal");
}

/* A journal as it is read: of @hunt, or of one that is made for it. */
typedef struct {
	const char *path;
	Hunt *hunt;
	bool is_given;
} Loading;

static bool begin(Loading *loading, HuntAbout *about, const char *name, GError **error)
{
	if (!loading->is_given) {
		loading->hunt = hunt_new(about, error);
		return loading->hunt != NULL;
	}
	g_autoptr(HuntAbout) there = about;
	const HuntAbout *wanted = loading->hunt->about;
	const char *other = about_differs(there, wanted);
	if (!other && there->shard == wanted->shard && there->shards == wanted->shards)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s: of another hunt: '%s' is not the same; hunt into another folder, or without "
		    "--resume", name, other ? other : "shard");
	return false;
}

static bool take_guest(Hunt *hunt, const GString *line, const char *name, GError **error)
{
	g_autoptr(JsonObject) object = json_parse(line->str, line->len, name, error);
	const Json json = { object, name };
	const char *snapshot, *sum;

	if (!object || !json_name(&json, "snapshot", NAME_SCHEDULE, &snapshot, error) ||
	    !json_name(&json, "sha256", NAME_KEY, &sum, error))
		return false;
	g_hash_table_replace(hunt->guests, g_strdup(snapshot), g_strdup(sum));
	return true;
}

static bool take_ran(Hunt *hunt, const GString *line, const char *name, GError **error)
{
	g_autoptr(JsonObject) object = json_parse(line->str, line->len, name, error);
	const Json json = { object, name };
	JsonArray *ran;

	if (!object || !json_array(&json, "ran", &ran, error))
		return false;
	for (guint i = 0; i < json_array_get_length(ran); i++) {
		const char *text = json_text_element(ran, i);
		guint64 addr;

		if (!u64_parse(text, &addr)) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: ran: element %u is no address",
				    name, i + 1);
			return false;
		}
		g_hash_table_add(hunt->ran, g_memdup2(&addr, sizeof(addr)));
	}
	return true;
}

static bool take_line(const GString *line, guint number, off_t at, gpointer data, GError **error)
{
	Loading *loading = data;
	g_autofree char *name = g_strdup_printf("%s:%u", loading->path, number);

	(void)at;
	if (number == 1) {
		HuntAbout *about = about_parse(line->str, line->len, name, error);

		return about && begin(loading, about, name, error);
	}
	Hunt *hunt = loading->hunt;
	if (g_str_has_prefix(line->str, "{\"snapshot\":"))
		return take_guest(hunt, line, name, error);
	if (g_str_has_prefix(line->str, "{\"ran\":"))
		return take_ran(hunt, line, name, error);
	Hunted *hunted = hunted_parse(line->str, line->len, hunt->combinations->len, name, error);
	if (!hunted)
		return false;
	if (g_ptr_array_index(hunt->hunted, hunted->n))
		hunted_free(g_ptr_array_index(hunt->hunted, hunted->n));
	else
		hunt->resumed++;
	g_ptr_array_index(hunt->hunted, hunted->n) = hunted;
	return true;
}

Hunt *hunt_load(const char *path, GError **error)
{
	Loading loading = { .path = path };
	g_autoptr(LineLog) log = line_log_load(path, take_line, &loading, error);
	g_autoptr(Hunt) hunt = loading.hunt;

	if (log && hunt)
		return g_steal_pointer(&hunt);
	if (log)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: no whole line is in it; hunt again",
			    path);
	return NULL;
}

/* The journal, to be written on. */
static LineLog *open_journal(Hunt *hunt, const HuntOptions *options, GError **error)
{
	g_autofree char *path = hunt_journal_path(options->out);
	g_autofree char *first = about_format(hunt->about);
	Loading loading = { .path = path, .hunt = hunt, .is_given = true };

	if (!options->resume)
		return line_log_new(path, first, error);
	g_autoptr(LineLog) log = line_log_load(path, take_line, &loading, error);
	return log && line_log_continue(log, error) ? g_steal_pointer(&log) : NULL;
}

static void run_threads(State *state)
{
	int jobs = state->options->jobs;
	g_autofree Thread *threads = g_new0(Thread, jobs);

	state->running = jobs;
	state->started = g_get_monotonic_time();
	for (int i = 0; i < jobs; i++) {
		threads[i] = (Thread){ .state = state, .number = i };
		threads[i].thread = g_thread_new("hunter", work, &threads[i]);
	}
	wait_for_all(state);
	for (int i = 0; i < jobs; i++)
		g_thread_join(threads[i].thread);
}

Hunt *hunt_new(HuntAbout *about, GError **error)
{
	g_autoptr(HuntAbout) owned = about;
	HuntExtent extent;
	GPtrArray *combinations = combinations_new(&about->scope, &extent, error);

	if (!combinations)
		return NULL;
	Hunt *hunt = g_new0(Hunt, 1);
	hunt->about = g_steal_pointer(&owned);
	hunt->combinations = combinations;
	hunt->extent = extent;
	hunt->whole = !about->scope.verbs && !about->scope.setup;
	hunt->hunted = g_ptr_array_new_with_free_func((GDestroyNotify)hunted_free);
	hunt->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	hunt->ran = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_ptr_array_set_size(hunt->hunted, (int)combinations->len);
	return hunt;
}

bool hunt_run(Hunt *hunt, const HuntOptions *options, GError **error)
{
	g_autoptr(LineLog) journal = open_journal(hunt, options, error);
	State state = { .options = options, .hunt = hunt, .journal = journal };

	if (!journal)
		return false;
	for (guint i = 0; i < hunt->combinations->len; i++)
		state.mine += hunt_is_mine(hunt, i);
	state.done = hunt->resumed;
	g_mutex_init(&state.lock);
	g_cond_init(&state.changed);
	run_threads(&state);
	g_mutex_clear(&state.lock);
	g_cond_clear(&state.changed);
	if (state.error && !g_error_matches(state.error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		g_propagate_error(error, state.error);
		return false;
	}
	g_clear_error(&state.error);
	return true;
}
