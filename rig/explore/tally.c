// SPDX-License-Identifier: GPL-2.0-only
#include "explore/tally.h"

#include <string.h>

#include "explore/folder.h"
#include "report/trace-view.h"
#include "report/violation-text.h"

enum { MAX_SAVED = 20 };

struct Tally {
	Verdict *verdict;	/* not owned */
	char *out;
	GHashTable *final_states;
	GHashTable *saved;	/* invariants, and reasons of what is documented, with a schedule */
	bool cycle_kept;	/* files of one */
};

Tally *tally_new(Verdict *verdict, const char *out)
{
	Tally *tally = g_new0(Tally, 1);

	tally->verdict = verdict;
	tally->out = g_strdup(out);
	tally->final_states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	tally->saved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return tally;
}

void tally_free(Tally *tally)
{
	if (!tally)
		return;
	g_free(tally->out);
	g_hash_table_unref(tally->final_states);
	g_hash_table_unref(tally->saved);
	g_free(tally);
}

static bool is_first(Tally *tally, const char *what)
{
	return g_hash_table_add(tally->saved, g_strdup(what));
}

static int switches_of(const Outcome *outcome)
{
	int switches = 0;

	for (guint i = 1; i < outcome_length(outcome); i++)
		switches += thread_switches(outcome_step(outcome, i - 1)->thread,
					    outcome_step(outcome, i)->thread);
	return switches;
}

/* Whether @outcome shows something accepted that no saved schedule shows. */
static bool documents_more(Tally *tally, const Outcome *outcome)
{
	bool more = false;

	for (guint i = 0; i < outcome->found->len; i++) {
		const Violation *found = outcome_found(outcome, i);
		g_autofree char *what = g_strdup_printf("%s %s", found->invariant, found->reason);

		more |= found->documented && is_first(tally, what);
	}
	return more;
}

static bool is_violated(const Tally *tally, const char *invariant)
{
	g_auto(GStrv) violated = verdict_invariants(tally->verdict);

	return g_strv_contains((const char *const *)violated, invariant);
}

static bool is_in(const GPtrArray *list, const Violation *found)
{
	for (guint i = 0; i < list->len; i++) {
		const VerdictViolation *known = g_ptr_array_index(list, i);

		/* Both strings are interned. */
		if (known->found.invariant == found->invariant &&
		    known->found.reason == found->reason)
			return true;
	}
	return false;
}

/* Whether @outcome violates something, or in a way, that no saved schedule does, as its first or not. */
static bool violates_more(const Tally *tally, const Outcome *outcome)
{
	for (guint i = 0; i < outcome->found->len; i++) {
		const Violation *found = outcome_found(outcome, i);

		if (!found->documented && !is_in(tally->verdict->violations, found))
			return true;
	}
	return false;
}

/* Keep @outcome's files as @stem, and what was found in it. */
static bool save(Tally *tally, const Outcome *outcome, const char *stem, GError **error)
{
	g_autofree char *file = g_strdup_printf("schedules/%s.sched", stem);
	Verdict *verdict = tally->verdict;

	for (guint i = 0; i < outcome->found->len; i++) {
		const Violation *found = outcome_found(outcome, i);

		if (!found->documented || !is_in(verdict->accepted, found))
			verdict_add(verdict, found, file, outcome_length(outcome),
				    switches_of(outcome));
	}
	return folder_save(tally->out, stem, outcome, error);
}

static bool print_first(const Tally *tally, const Outcome *outcome, GError **error)
{
	g_autoptr(Record) record = record_parse(outcome->trace, "trace", error);

	if (!record)
		return false;
	g_autofree char *violations = violations_text(outcome->found);
	g_autofree char *interleaving = interleaving_text(record, NULL);
	g_print("schedule %d violates %s\n%s\n", tally->verdict->executed, violations,
		interleaving);
	return true;
}

/* Keep the first schedule of every way to violate an invariant, and a few more. */
static bool keep_violating(Tally *tally, const Outcome *outcome, GError **error)
{
	Verdict *verdict = tally->verdict;
	bool first = is_first(tally, outcome->violates);
	bool more = documents_more(tally, outcome) | violates_more(tally, outcome);

	verdict->violating++;
	if (!first && !more && verdict->violations->len >= MAX_SAVED)
		return true;
	g_autofree char *stem = g_strdup_printf("%04d-%s", verdict->executed, outcome->violates);
	return (!first || print_first(tally, outcome, error)) &&
	       save(tally, outcome, stem, error);
}

static bool keep_documented(Tally *tally, const Outcome *outcome, GError **error)
{
	g_autofree char *stem = g_strdup_printf("%04d-documented", tally->verdict->executed);

	tally->verdict->documented++;
	return !documents_more(tally, outcome) || save(tally, outcome, stem, error);
}

static void add_lines(GHashTable *set, const char *lines)
{
	g_auto(GStrv) each = lines ? g_strsplit(lines, "\n", -1) : NULL;

	for (char **line = each; line && *line; line++)
		g_hash_table_add(set, g_strdup(*line));
}

/* Whether the states of a cycle were the same one. */
static void count_cycle(Verdict *verdict, const Outcome *outcome)
{
	if (outcome->differs)
		verdict->unsettled++;
	else
		verdict->cycles++;
	add_lines(outcome->differs ? verdict->differs : verdict->grown,
		  outcome->differs ? outcome->differs : outcome->grown);
}

/* One that is made and never fails counts 0. */
static void count_calls(Verdict *verdict, const Outcome *outcome)
{
	g_auto(GStrv) lines = outcome->calls ? g_strsplit(outcome->calls, "\n", -1) : NULL;

	for (char **line = lines; line && *line; line++) {
		bool failed = **line == '!';
		guint n = GPOINTER_TO_UINT(g_hash_table_lookup(verdict->failed, *line + failed));

		g_hash_table_insert(verdict->failed, g_strdup(*line + failed), GUINT_TO_POINTER(n + failed));
	}
}

/* The trace is what is written last. */
static bool is_there(const Tally *tally, const char *stem)
{
	g_autofree char *file = g_strdup_printf("trace/%s.jsonl", stem);
	g_autofree char *path = folder_path(tally->out, file);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

bool tally_lacks_files(const Tally *tally, const Outcome *outcome)
{
	if (outcome->schedule || outcome->violates || outcome->end == END_ASLEEP)
		return false;
	if (outcome->end == END_CYCLE && !tally->cycle_kept)
		return !is_there(tally, "cycle");
	return tally->verdict->executed == 0 && !is_there(tally, "0001-clean");
}

bool tally_add(Tally *tally, const Outcome *outcome, GError **error)
{
	Verdict *verdict = tally->verdict;

	if (outcome->end == END_ASLEEP && !outcome->violates) {
		verdict->redundant++;
		return true;
	}
	verdict->executed++;
	verdict->partial += outcome->partial;
	count_calls(verdict, outcome);
	if (outcome->final_state)
		g_hash_table_add(tally->final_states, g_strdup(outcome->final_state));
	if (outcome->end == END_CYCLE)
		count_cycle(verdict, outcome);
	if (outcome->violates)
		return keep_violating(tally, outcome, error);
	if (outcome_documents(outcome) && !keep_documented(tally, outcome, error))
		return false;
	/* An outcome from the journal has no texts: its files are there or were not kept. */
	if (outcome->end == END_CYCLE && !tally->cycle_kept) {
		tally->cycle_kept = true;
		return !outcome->schedule || folder_save(tally->out, "cycle", outcome, error);
	}
	if (verdict->executed == 1 && outcome->schedule)
		return folder_save(tally->out, "0001-clean", outcome, error);
	return true;
}

bool tally_violates(const Tally *tally, const char *invariant)
{
	return is_violated(tally, invariant);
}

void tally_end(Tally *tally)
{
	Verdict *verdict = tally->verdict;

	/* What comes after those cuts nobody knows. */
	verdict->complete &= !verdict->unsettled;
	/* And a part knows nothing of the others. */
	verdict->part_done = verdict->complete;
	verdict->complete &= !verdict->part;
	verdict->distinct_final_states = g_hash_table_size(tally->final_states);
	verdict->final_states = g_list_sort(g_hash_table_get_keys(tally->final_states),
					    (GCompareFunc)strcmp);
	for (GList *state = verdict->final_states; state; state = state->next)
		state->data = g_strdup(state->data);
	verdict->verdict = verdict->violating ? "violation"
			   : !verdict->complete || !verdict->controls.seen[CONTROL_PTE_LOAD]
				   ? "inconclusive"
			   : verdict->documented ? "documented" : "clean";
}
