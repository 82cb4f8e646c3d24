// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/hunt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "explore/folder.h"
#include "util/cpu.h"
#include "util/error.h"
#include "util/file.h"

static const char MAGIC[] = "racerig-hunt-journal 1";

enum { PROGRESS_USEC = 500000, PLAIN_PROGRESS_USEC = 60 * 1000000 };

/* Shared by the threads; what is below @lock is under it. */
typedef struct {
	const HuntOptions *options;
	Hunt *hunt;
	FILE *journal;
	gint64 started;
	GMutex lock;
	GCond changed;
	guint next;		/* combination that nobody has begun */
	int running;		/* threads */
	guint done;
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
	g_free(hunt);
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
	       g_ptr_array_index(state->hunt->hunted, state->next))
		state->next++;
	if (state->next < state->hunt->combinations->len && !is_over(state))
		n = (int)state->next++;
	g_mutex_unlock(&state->lock);
	return n;
}

static void put(State *state, Hunted *hunted, GError *error)
{
	g_mutex_lock(&state->lock);
	if (error && !state->error)
		state->error = g_error_copy(error);
	if (hunted) {
		g_autofree char *line = hunted_format(hunted);

		g_ptr_array_index(state->hunt->hunted, hunted->n) = hunted;
		state->done++;
		state->stopped |= state->options->each.stop_at &&
				  hunted_violates(hunted, state->options->each.stop_at);
		if ((fprintf(state->journal, "%s\n", line) < 0 || fflush(state->journal)) && !state->error)
			g_set_error(&state->error, RIG_ERROR, RIG_ERROR_INPUT, "%s/journal: %s",
				    state->options->out, g_strerror(errno));
	}
	g_cond_signal(&state->changed);
	g_mutex_unlock(&state->lock);
}

static gpointer work(gpointer data)
{
	Thread *self = data;
	State *state = self->state;
	g_autoptr(Hunter) hunter = hunter_new(&state->options->each);
	int n;

	cpu_claim(self->number);
	while ((n = take_next(state)) >= 0) {
		g_autoptr(GError) error = NULL;
		Hunted *hunted = hunter_explore(hunter,
						g_ptr_array_index(state->hunt->combinations, n), n, &error);

		put(state, hunted, error);
	}
	g_mutex_lock(&state->lock);
	state->hunt->restarts += hunter_restarts(hunter);
	state->running--;
	g_cond_signal(&state->changed);
	g_mutex_unlock(&state->lock);
	return NULL;
}

/* Under the lock. */
static void progress(const State *state, gint64 *last)
{
	bool terminal = isatty(STDERR_FILENO);
	gint64 now = g_get_monotonic_time();
	guint all = state->hunt->combinations->len, here = state->done - state->hunt->resumed;
	guint violating = 0;

	if (now - *last < (terminal ? PROGRESS_USEC : PLAIN_PROGRESS_USEC))
		return;
	*last = now;
	for (guint i = 0; i < all; i++) {
		const Hunted *hunted = g_ptr_array_index(state->hunt->hunted, i);

		violating += hunted && hunted->violating;
	}
	double left = here ? seconds_since(state->started) / here * (all - state->done) / 60 : 0;
	g_autofree char *text = g_strdup_printf("%u of %u combinations, %u violating, about %.0f min left",
						state->done, all, violating, left);
	if (terminal)
		g_printerr("\r\033[K  %s", text);
	else
		g_message("%s", text);
}

static void wait_for_all(State *state)
{
	gint64 last = g_get_monotonic_time();

	g_mutex_lock(&state->lock);
	while (state->running) {
		g_cond_wait_until(&state->changed, &state->lock,
				  g_get_monotonic_time() + PROGRESS_USEC);
		progress(state, &last);
	}
	g_mutex_unlock(&state->lock);
	if (isatty(STDERR_FILENO))
		g_printerr("\r\033[K");
}

/* What an earlier hunt has done of the same; what is no whole line is left out. */
static bool take_journal(State *state, const char *path, const char *first, GError **error)
{
	g_autofree char *text = file_read_text(path, FILE_FOUND, FILE_MAX_BYTES, error);
	Hunt *hunt = state->hunt;
	guint line = 1;

	if (!text)
		return false;
	if (!g_str_has_prefix(text, first)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s:1: of another kernel, emulator, guest or other options; hunt into another "
			    "folder, or without --resume", path);
		return false;
	}
	for (char *at = text + strlen(first), *end; (end = strchr(at, '\n')); at = end + 1) {
		g_autofree char *name = g_strdup_printf("%s:%u", path, ++line);
		Hunted *hunted = hunted_parse(at, end - at, hunt->combinations->len, name, error);

		if (!hunted)
			return false;
		if (g_ptr_array_index(hunt->hunted, hunted->n))
			hunted_free(g_ptr_array_index(hunt->hunted, hunted->n));
		else
			hunt->resumed++;
		g_ptr_array_index(hunt->hunted, hunted->n) = hunted;
	}
	return true;
}

/* The journal, to be written on: with what was there, as whole lines. */
static bool open_journal(State *state, const char *identity, GError **error)
{
	const HuntOptions *options = state->options;
	g_autofree char *path = folder_path(options->out, "journal");
	g_autofree char *first = g_strdup_printf("%s %s\n", MAGIC, identity);
	g_autofree char *fresh = g_strconcat(path, ".new", NULL);
	const Hunt *hunt = state->hunt;

	if (options->resume && !take_journal(state, path, first, error))
		return false;
	state->done = hunt->resumed;
	state->journal = fopen(fresh, "we");
	bool ok = state->journal && fputs(first, state->journal) >= 0;
	for (guint i = 0; ok && i < hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(hunt->hunted, i);
		g_autofree char *line = hunted ? hunted_format(hunted) : NULL;

		ok = !line || fprintf(state->journal, "%s\n", line) >= 0;
	}
	if (ok && !fflush(state->journal) && !rename(fresh, path))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", fresh, g_strerror(errno));
	return false;
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
	state->hunt->seconds = seconds_since(state->started);
}

Hunt *hunt_new(const HuntScope *scope, GError **error)
{
	HuntExtent extent;
	GPtrArray *combinations = combinations_new(scope, &extent, error);

	if (!combinations)
		return NULL;
	Hunt *hunt = g_new0(Hunt, 1);
	hunt->combinations = combinations;
	hunt->extent = extent;
	hunt->whole = !scope->verbs && !scope->setup;
	hunt->hunted = g_ptr_array_new_with_free_func((GDestroyNotify)hunted_free);
	g_ptr_array_set_size(hunt->hunted, (int)combinations->len);
	return hunt;
}

bool hunt_run(Hunt *hunt, const HuntOptions *options, const char *identity, GError **error)
{
	State state = { .options = options, .hunt = hunt };

	hunt->failures = options->each.failures;
	if (!open_journal(&state, identity, error))
		return false;
	g_mutex_init(&state.lock);
	g_cond_init(&state.changed);
	run_threads(&state);
	g_mutex_clear(&state.lock);
	g_cond_clear(&state.changed);
	bool written = !fclose(state.journal);
	if (state.error && !g_error_matches(state.error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		g_propagate_error(error, state.error);
		return false;
	}
	g_clear_error(&state.error);
	if (!written) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s/journal: %s", options->out,
			    g_strerror(errno));
		return false;
	}
	return true;
}
