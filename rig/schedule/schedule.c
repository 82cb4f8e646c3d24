// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/schedule.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/error.h"

static const char MAGIC[] = "racerig-schedule 3";

static void decision_clear(gpointer data)
{
	g_free(((Decision *)data)->event);
}

static Schedule *alloc_schedule(void)
{
	Schedule *schedule = g_new0(Schedule, 1);

	schedule->decisions = g_array_new(FALSE, FALSE, sizeof(Decision));
	g_array_set_clear_func(schedule->decisions, decision_clear);
	return schedule;
}

Schedule *schedule_new(const char *scenario, const char *kernel, const char *key, char **actors)
{
	Schedule *schedule = alloc_schedule();

	schedule->scenario = g_strdup(scenario);
	schedule->kernel = g_strdup(kernel);
	schedule->key = g_strdup(key);
	schedule->actors = g_strdupv(actors);
	return schedule;
}

void schedule_free(Schedule *schedule)
{
	if (!schedule)
		return;
	g_free(schedule->scenario);
	g_free(schedule->kernel);
	g_free(schedule->key);
	g_strfreev(schedule->actors);
	g_free(schedule->violates);
	g_array_unref(schedule->decisions);
	g_free(schedule);
}

void schedule_add(Schedule *schedule, int thread, const char *event)
{
	Decision decision = { thread, g_strdup(event) };

	g_array_append_val(schedule->decisions, decision);
}

void schedule_cut(Schedule *schedule, guint n)
{
	g_array_set_size(schedule->decisions, MIN(n, schedule->decisions->len));
}

Plan *schedule_plan(const Schedule *schedule)
{
	Plan *plan = plan_new(NULL, 0, REST_STOP);

	for (guint i = 0; i < schedule->decisions->len; i++) {
		guint8 thread = g_array_index(schedule->decisions, Decision, i).thread;

		g_byte_array_append(plan->prefix, &thread, 1);
	}
	return plan;
}

int schedule_switches(const Schedule *schedule)
{
	const Decision *decisions = (const Decision *)schedule->decisions->data;
	int switches = 0;

	for (guint i = 1; i < schedule->decisions->len; i++)
		switches += thread_switches(decisions[i - 1].thread, decisions[i].thread);
	return switches;
}

char *schedule_format(const Schedule *schedule)
{
	GString *text = g_string_new(MAGIC);
	g_autofree char *actors = g_strjoinv(" ", schedule->actors);

	g_string_append_printf(text, "\nscenario %s\nkernel %s %s\nactors %s\n",
			       schedule->scenario, schedule->kernel, schedule->key, actors);
	if (schedule->violates)
		g_string_append_printf(text, "violates %s\n", schedule->violates);
	for (guint i = 0; i < schedule->decisions->len; i++) {
		const Decision *decision = &g_array_index(schedule->decisions, Decision, i);

		const char *actor = schedule->actors[thread_actor(decision->thread)];

		ThreadKind kind = thread_kind(decision->thread);

		g_string_append_printf(text, "%s %s", thread_verb(kind), actor);
		/* The others do what their verb says. */
		if (kind == THREAD_ACTOR)
			g_string_append_printf(text, " %s", decision->event);
		g_string_append_c(text, '\n');
	}
	g_string_append_printf(text, "end %u\n", schedule->decisions->len);
	return g_string_free(text, FALSE);
}

static int find_actor(const Schedule *schedule, const char *name)
{
	for (int i = 0; schedule->actors && schedule->actors[i] && i < MAX_ACTORS; i++)
		if (strcmp(schedule->actors[i], name) == 0)
			return i;
	return -1;
}

/* The kind of thread that goes on by @verb, or -1. */
static int find_kind(const char *verb)
{
	for (int kind = 0; kind < THREAD_KINDS; kind++)
		if (strcmp(thread_verb(kind), verb) == 0)
			return kind;
	return -1;
}

static const char *parse_decision(Schedule *schedule, ThreadKind kind, char **words, int n)
{
	int actor = find_actor(schedule, words[1]);

	if (actor < 0)
		return "this actor is not in the 'actors' line";
	if (kind == THREAD_ACTOR && n != 3)
		return "expected 'run ACTOR EVENT'";
	if (kind != THREAD_ACTOR && n != 2)
		return "expected 'irq ACTOR' or 'evict ACTOR', and no event";
	/* The others do what their verb says. */
	schedule_add(schedule, thread_of(kind, actor), words[kind == THREAD_ACTOR ? 2 : 0]);
	return NULL;
}

/* One line; NULL when it is fine, else what is wrong (a constant). */
static const char *parse_line(Schedule *schedule, const char *line, bool *ret_ended)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 3);
	int n = g_strv_length(words);

	if (n < 2)
		return "expected 'WORD VALUE'";
	if (strcmp(words[0], "scenario") == 0 && n == 2) {
		g_free(schedule->scenario);
		schedule->scenario = g_strdup(words[1]);
	} else if (strcmp(words[0], "kernel") == 0) {
		if (n != 3)
			return "expected 'kernel NAME KEY'";
		g_free(schedule->kernel);
		g_free(schedule->key);
		schedule->kernel = g_strdup(words[1]);
		schedule->key = g_strdup(words[2]);
	} else if (strcmp(words[0], "actors") == 0) {
		g_strfreev(schedule->actors);
		schedule->actors = g_strsplit(line + strlen("actors "), " ", -1);
	} else if (strcmp(words[0], "violates") == 0 && n == 2) {
		g_free(schedule->violates);
		schedule->violates = g_strdup(words[1]);
	} else if (find_kind(words[0]) >= 0) {
		return parse_decision(schedule, find_kind(words[0]), words, n);
	} else if (strcmp(words[0], "end") == 0) {
		if ((guint)atoi(words[1]) != schedule->decisions->len)
			return "'end' counts another number of decisions; some are missing";
		*ret_ended = true;
	} else {
		return "unknown line";
	}
	return NULL;
}

Schedule *schedule_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(Schedule) schedule = alloc_schedule();
	g_auto(GStrv) lines = NULL;
	const char *wrong = NULL;
	bool ended = false;
	int i = 0;

	if (!g_utf8_validate(text, -1, NULL) || !g_str_has_prefix(text, MAGIC) ||
	    !strchr("\r\n", text[strlen(MAGIC)])) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s:1: no schedule: the first line must be '%s'", name, MAGIC);
		return NULL;
	}
	lines = g_strsplit(text, "\n", -1);
	for (i = 1; lines[i] && !wrong && !ended; i++) {
		g_strchomp(lines[i]);
		if (*lines[i] && *lines[i] != '#')
			wrong = parse_line(schedule, lines[i], &ended);
	}
	if (!wrong && !ended)
		wrong = "truncated: no 'end' line";
	if (!wrong && !(schedule->scenario && schedule->key && schedule->actors))
		wrong = "needs 'scenario', 'kernel' and 'actors' lines";
	if (!wrong)
		return g_steal_pointer(&schedule);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s:%d: %s; record it again with explore",
		    name, i, wrong);
	return NULL;
}
