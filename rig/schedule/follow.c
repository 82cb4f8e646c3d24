// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/follow.h"

#include <string.h>

enum { MAX_EXTRA = 1000 };

static void note_clear(gpointer data)
{
	g_free(((FollowNote *)data)->event);
}

Follow *follow_new(const Schedule *schedule)
{
	Follow *follow = g_new0(Follow, 1);

	follow->schedule = schedule;
	follow->used = g_new0(bool, schedule->decisions->len + 1);
	follow->notes = g_array_new(FALSE, FALSE, sizeof(FollowNote));
	g_array_set_clear_func(follow->notes, note_clear);
	follow_begin(follow);
	return follow;
}

void follow_free(Follow *follow)
{
	if (!follow)
		return;
	g_free(follow->used);
	g_array_unref(follow->notes);
	g_free(follow);
}

void follow_begin(Follow *follow)
{
	memset(follow->used, 0, follow->schedule->decisions->len * sizeof(bool));
	g_array_set_size(follow->notes, 0);
	follow->taken = follow->extra = 0;
	follow->last = -1;
}

static const Decision *decision_at(const Follow *follow, guint i)
{
	return &g_array_index(follow->schedule->decisions, Decision, i);
}

static void add_note(Follow *follow, FollowKind kind, guint i, int thread, const char *event)
{
	FollowNote note = { kind, (int)i, thread, g_strdup(event) };

	g_array_append_val(follow->notes, note);
}

/* What another build may call otherwise: "+0x4b" and what gcc makes of a function's name. */
static char *without_build(const char *event)
{
	static const char *const suffixes[] = { ".isra.", ".constprop.", ".part.", ".cold" };
	g_auto(GStrv) words = g_strsplit(event, " ", -1);

	for (char **word = words; *word; word++) {
		char *cut = strstr(*word, "+0x");

		if (!cut)
			continue;
		*cut = '\0';
		for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
			if ((cut = strstr(*word, suffixes[i])))
				*cut = '\0';
	}
	return g_strjoinv(" ", words);
}

static bool same_event(const char *a, const char *b)
{
	g_autofree char *left = without_build(a), *right = without_build(b);

	return strcmp(left, right) == 0;
}

/* The kind of event and the page, whatever the function. */
static bool same_kind(const char *a, const char *b)
{
	g_auto(GStrv) left = g_strsplit(a, " ", -1), right = g_strsplit(b, " ", -1);
	guint n = g_strv_length(left);

	if (n != g_strv_length(right))
		return false;
	for (guint i = 0; i < n; i++)
		if (strcmp(left[i], right[i]) != 0 &&
		    !(strstr(left[i], "+0x") && strstr(right[i], "+0x")))
			return false;
	return true;
}

/* Whether @thread does @event in a recorded decision later than @i. */
static bool comes_later(const Follow *follow, guint i, int thread, const char *event)
{
	for (i++; i < follow->schedule->decisions->len; i++)
		if (decision_at(follow, i)->thread == thread && !follow->used[i] &&
		    same_event(decision_at(follow, i)->event, event))
			return true;
	return false;
}

static int take(Follow *follow, guint i, guint first)
{
	const Decision *decision = decision_at(follow, i);

	if (i != first)
		add_note(follow, FOLLOW_EARLY, i, decision->thread, decision->event);
	follow->used[i] = true;
	follow->taken++;
	return follow->last = decision->thread;
}

/* The first decision that is left of a thread which can go on; -1: there is none. */
static int next_decision(const Follow *follow, const ThreadSet *enabled, guint *ret_first)
{
	const GArray *decisions = follow->schedule->decisions;

	*ret_first = decisions->len;
	for (guint i = 0; i < decisions->len; i++) {
		if (follow->used[i])
			continue;
		*ret_first = MIN(*ret_first, i);
		if (thread_set_has(enabled, decision_at(follow, i)->thread))
			return i;
	}
	return -1;
}

static int go_on(Follow *follow, const ThreadSet *enabled, char *const pending[MAX_THREADS],
		 guint first)
{
	int thread = follow->last >= 0 && thread_set_has(enabled, follow->last)
			     ? follow->last : thread_set_next(enabled, -1);

	/* After all of them it is only the way to the end. */
	if (first < follow->schedule->decisions->len) {
		follow->extra++;
		add_note(follow, FOLLOW_EXTRA, first, thread, pending[thread]);
	}
	return follow->last = thread;
}

int follow_choose(Follow *follow, const ThreadSet *enabled, char *const pending[MAX_THREADS],
		  OutcomeEnd *ret_end)
{
	guint first;
	int i;

	while ((i = next_decision(follow, enabled, &first)) >= 0) {
		const Decision *decision = decision_at(follow, i);
		const char *now = pending[decision->thread];

		if (same_event(decision->event, now))
			return take(follow, i, first);
		if (comes_later(follow, i, decision->thread, now)) {
			add_note(follow, FOLLOW_ABSENT, i, decision->thread, decision->event);
			follow->used[i] = true;
			continue;
		}
		if (same_kind(decision->event, now)) {
			add_note(follow, FOLLOW_ELSEWHERE, i, decision->thread, now);
			return take(follow, i, first);
		}
		if (follow->extra++ < MAX_EXTRA) {
			add_note(follow, FOLLOW_EXTRA, i, decision->thread, now);
			return follow->last = decision->thread;
		}
		*ret_end = END_STOPPED;
		return -1;
	}
	*ret_end = END_STOPPED;
	return follow->extra < MAX_EXTRA ? go_on(follow, enabled, pending, first) : -1;
}

void follow_end(Follow *follow)
{
	for (guint i = 0; i < follow->schedule->decisions->len; i++)
		if (!follow->used[i])
			add_note(follow, FOLLOW_LEFT, i, decision_at(follow, i)->thread,
				 decision_at(follow, i)->event);
}

const char *follow_kind_text(FollowKind kind)
{
	static const char *const texts[] = {
		[FOLLOW_ELSEWHERE] = "is in another function here",
		[FOLLOW_ABSENT] = "is not there",
		[FOLLOW_EARLY] = "came before its turn: who was to move had to wait",
		[FOLLOW_EXTRA] = "was not recorded and came in between",
		[FOLLOW_LEFT] = "was not reached",
	};

	return texts[kind];
}
