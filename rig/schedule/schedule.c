// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/schedule.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/error.h"
#include "util/name.h"

static const char MAGIC[] = "racerig-schedule 5";

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

Schedule *schedule_new(const char *scenario, const char *kernel, const char *key, char **actors,
		       Operations *operations)
{
	Schedule *schedule = alloc_schedule();

	schedule->scenario = g_strdup(scenario);
	schedule->kernel = g_strdup(kernel);
	schedule->key = g_strdup(key);
	schedule->actors = g_strdupv(actors);
	schedule->operations = operations ? operations_ref(operations) : NULL;
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
	operations_unref(schedule->operations);
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

static void append_operations(GString *text, const Operations *operations)
{
	const struct guest_shape *shape = &operations->shape;

	g_string_append_printf(text, "guest %d %d %d\n", (int)shape->pages, (int)shape->arenas,
			       (int)shape->processes);
	if (*operations->setup_text)
		g_string_append_printf(text, "setup %s\n", operations->setup_text);
	g_string_append_printf(text, "operations %s\n", operations->actors_text);
}

char *schedule_format(const Schedule *schedule)
{
	GString *text = g_string_new(MAGIC);
	g_autofree char *actors = g_strjoinv(" ", schedule->actors);

	g_string_append_printf(text, "\nscenario %s\nkernel %s %s\n", schedule->scenario,
			       schedule->kernel, schedule->key);
	if (schedule->operations)
		append_operations(text, schedule->operations);
	g_string_append_printf(text, "actors %s\n", actors);
	if (schedule->failures)
		g_string_append_printf(text, "failures %d\n", schedule->failures);
	if (schedule->violates)
		g_string_append_printf(text, "violates %s\n", schedule->violates);
	for (guint i = 0; i < schedule->decisions->len; i++) {
		const Decision *decision = &g_array_index(schedule->decisions, Decision, i);

		const char *actor = schedule->actors[thread_actor(decision->thread)];

		ThreadKind kind = thread_kind(decision->thread);

		g_string_append_printf(text, "%s %s", thread_verb(kind), actor);
		/* The others do what their verb says, but for an event inside an interrupt. */
		if (kind == THREAD_ACTOR || strcmp(decision->event, thread_verb(kind)) != 0)
			g_string_append_printf(text, " %s", decision->event);
		g_string_append_c(text, '\n');
	}
	g_string_append_printf(text, "end %u\n", schedule->decisions->len);
	return g_string_free(text, FALSE);
}

/* Where in which text, for errors. */
typedef struct {
	const char *name;
	int line;
	GError **error;
} Place;

/* The lines of a text of operations, and where they are. */
typedef struct {
	char *setup, *actors;
	int numbers[3];		/* pages, arenas, processes; the first is 0: no such line */
	int line, setup_line;	/* of the actors, or of the numbers; of the setup */
} TextLines;

static void text_lines_clear(TextLines *lines)
{
	g_free(lines->setup);
	g_free(lines->actors);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TextLines, text_lines_clear)

static bool bad(const Place *place, const char *what)
{
	g_set_error(place->error, RIG_ERROR, RIG_ERROR_INPUT, "%s:%d: %s; record it again with explore",
		    place->name, place->line, what);
	return false;
}

/* A copy of @text into *@ret, which must be NULL by now and a name of that kind. */
static bool take_name(NameKind kind, const char *text, char **ret, const Place *place)
{
	g_autofree char *where = g_strdup_printf("%s:%d", place->name, place->line);

	if (*ret)
		return bad(place, "the second line of that kind");
	*ret = g_strdup(text);
	return name_check(kind, text, where, place->error);
}

static bool take_actors(Schedule *schedule, const char *text, const Place *place)
{
	g_autofree char *where = g_strdup_printf("%s:%d", place->name, place->line);

	if (schedule->actors)
		return bad(place, "the second line of that kind");
	schedule->actors = g_strsplit(text, " ", -1);
	if (g_strv_length(schedule->actors) > MAX_ACTORS)
		return bad(place, "more actors than a guest has");
	for (char **actor = schedule->actors; *actor; actor++) {
		if (!name_check(NAME_ACTOR, *actor, where, place->error))
			return false;
		for (char **other = schedule->actors; other < actor; other++)
			if (strcmp(*other, *actor) == 0)
				return bad(place, "two actors of one name");
	}
	return true;
}

/* "PAGES ARENAS PROCESSES": at most three digits in all. */
static bool take_guest(TextLines *lines, const char *text, const Place *place)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 4);

	if (lines->numbers[1])
		return bad(place, "the second line of that kind");
	for (int i = 0; i < 3; i++) {
		if (g_strv_length(words) != 3 || !g_ascii_isdigit(words[i][0]) || words[i][1])
			return bad(place, "expected 'guest PAGES ARENAS PROCESSES'");
		lines->numbers[i] = words[i][0] - '0';
	}
	lines->line = place->line;
	return lines->numbers[1] ? true : bad(place, "no guest has no arena");
}

static bool take_failures(Schedule *schedule, const char *text, const Place *place)
{
	if (schedule->failures)
		return bad(place, "the second line of that kind");
	schedule->failures = g_ascii_digit_value(text[0]);
	return (schedule->failures > 0 && !text[1]) || bad(place, "expected 'failures 1' up to 9");
}

static bool take_text(char **ret, int *ret_line, const char *text, const Place *place)
{
	if (*ret)
		return bad(place, "the second line of that kind");
	*ret = g_strdup(text);
	*ret_line = place->line;
	return true;
}

/* All three lines, or none; what they say has to be what a guest can do. */
static bool take_operations(Schedule *schedule, TextLines *lines, Place *place)
{
	OperationsText text = { .actors = lines->actors, .setup = lines->setup,
				.pages = lines->numbers[0] ? lines->numbers[0] : -1,
				.arenas = lines->numbers[1], .processes = lines->numbers[2] };
	g_autoptr(GError) local = NULL;
	const char *where;

	if (!lines->actors && !lines->setup && !lines->numbers[1])
		return true;
	place->line = lines->line ? lines->line : lines->setup_line;
	if (!lines->actors || !lines->numbers[1])
		return bad(place, "'guest' and 'operations' lines belong together");
	schedule->operations = operations_parse(&text, &where, &local);
	if (!schedule->operations) {
		g_set_error(place->error, RIG_ERROR, RIG_ERROR_INPUT, "%s:%d: %s: %s", place->name,
			    strcmp(where, "setup") == 0 ? lines->setup_line : lines->line, where,
			    local->message);
		return false;
	}
	g_autofree char *named = g_strjoinv(" ", schedule->operations->names);
	g_autofree char *said = g_strjoinv(" ", schedule->actors);
	return strcmp(named, said) == 0 || bad(place, "'operations' and 'actors' name different actors");
}

/* What stands before the decisions. */
static bool parse_head(Schedule *schedule, TextLines *lines, const char *line, char **words,
		       const Place *place)
{
	int n = g_strv_length(words);

	if (strcmp(words[0], "guest") == 0)
		return take_guest(lines, line + strlen("guest "), place);
	if (strcmp(words[0], "setup") == 0)
		return take_text(&lines->setup, &lines->setup_line, line + strlen("setup "), place);
	if (strcmp(words[0], "operations") == 0)
		return take_text(&lines->actors, &lines->line, line + strlen("operations "), place);

	if (strcmp(words[0], "scenario") == 0 && n == 2)
		return take_name(NAME_SCENARIO, words[1], &schedule->scenario, place);
	if (strcmp(words[0], "violates") == 0 && n == 2)
		return take_name(NAME_INVARIANT, words[1], &schedule->violates, place);
	if (strcmp(words[0], "failures") == 0 && n == 2)
		return take_failures(schedule, words[1], place);
	if (strcmp(words[0], "kernel") == 0)
		return n != 3 ? bad(place, "expected 'kernel NAME KEY'")
			      : take_name(NAME_KERNEL, words[1], &schedule->kernel, place) &&
					take_name(NAME_KEY, words[2], &schedule->key, place);
	if (strcmp(words[0], "actors") == 0)
		return take_actors(schedule, line + strlen("actors "), place);
	return bad(place, "unknown line");
}

static int find_actor(const Schedule *schedule, const char *name)
{
	for (int i = 0; schedule->actors && schedule->actors[i]; i++)
		if (strcmp(schedule->actors[i], name) == 0)
			return i;
	return -1;
}

/* As a trace names it: on one line, and nothing that a terminal obeys. */
static bool is_event(const char *text)
{
	enum { LONGEST = 256 };
	gsize len = strlen(text);

	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isprint(text[i]))
			return false;
	return len <= LONGEST;
}

/* The kind of thread that goes on by @verb, or -1. */
static int find_kind(const char *verb)
{
	for (int kind = 0; kind < THREAD_KINDS; kind++)
		if (strcmp(thread_verb(kind), verb) == 0)
			return kind;
	return -1;
}

static bool parse_decision(Schedule *schedule, ThreadKind kind, char **words, const Place *place)
{
	int actor = find_actor(schedule, words[1]);

	if (actor < 0)
		return bad(place, "this actor is not in the 'actors' line");
	if (words[2] && !is_event(words[2]))
		return bad(place, "this is no event");
	if (kind == THREAD_ACTOR && !words[2])
		return bad(place, "expected 'run ACTOR EVENT'");
	if (kind == THREAD_FAIL && !words[2])
		return bad(place, "expected 'fail ACTOR CALL'");
	if (kind == THREAD_FAIL && !schedule->failures)
		return bad(place, "no 'failures' line says that a call may fail");
	if (kind == THREAD_EVICT && words[2])
		return bad(place, "expected 'evict ACTOR', and no event");
	/* An interrupt that is taken and a TLB do what their verb says. */
	schedule_add(schedule, thread_of(kind, actor), words[2] ? words[2] : words[0]);
	return true;
}

static bool parse_line(Schedule *schedule, TextLines *lines, const char *line, bool *ret_ended,
		       const Place *place)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 3);
	int n = g_strv_length(words);

	if (*ret_ended)
		return bad(place, "something follows the 'end' line");
	if (n < 2)
		return bad(place, "expected 'WORD VALUE'");
	if (find_kind(words[0]) >= 0)
		return parse_decision(schedule, find_kind(words[0]), words, place);
	if (strcmp(words[0], "end") == 0) {
		g_autofree char *count = g_strdup_printf("%u", schedule->decisions->len);

		*ret_ended = true;
		return strcmp(line + strlen("end "), count) == 0 ||
		       bad(place, "'end' counts another number of decisions; some are missing");
	}
	if (schedule->decisions->len)
		return bad(place, "expected a decision ('run', 'irq', 'evict' or 'fail') or 'end'");
	return parse_head(schedule, lines, line, words, place);
}

Schedule *schedule_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(Schedule) schedule = alloc_schedule();
	g_auto(TextLines) text_lines = { 0 };
	Place place = { name, 1, error };
	bool ended = false;

	if (!g_utf8_validate(text, -1, NULL) || !g_str_has_prefix(text, MAGIC) ||
	    !strchr("\r\n", text[strlen(MAGIC)])) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s:1: no schedule: the first line must be '%s'", name, MAGIC);
		return NULL;
	}
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (int i = 1; lines[i]; i++) {
		place.line = i + 1;
		g_strchomp(lines[i]);
		if (*lines[i] && *lines[i] != '#' &&
		    !parse_line(schedule, &text_lines, lines[i], &ended, &place))
			return NULL;
	}
	if (!ended)
		bad(&place, "truncated: no 'end' line");
	else if (!schedule->scenario || !schedule->key || !schedule->actors)
		bad(&place, "needs 'scenario', 'kernel' and 'actors' lines");
	else if (take_operations(schedule, &text_lines, &place))
		return g_steal_pointer(&schedule);
	return NULL;
}
