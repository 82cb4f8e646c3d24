// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/outcome.h"

#include <string.h>

/*
 * As a GVariant: steps (enabled, who did, what that touched, what is pending), end, cycle,
 * event, partial, violations as JSON, strings ("" is NULL).  Threads and footprints are named.
 */
#define STEP "(sssa(ss))"
static const char FORMAT[] = "(a" STEP "uuiuasas)";

enum { N_CHILDREN = 7, N_STRINGS = 7, MAX_STEPS = 10000 };

Outcome *outcome_new(void)
{
	Outcome *outcome = g_new0(Outcome, 1);

	outcome->steps = g_array_new(FALSE, TRUE, sizeof(Step));
	outcome->found = g_array_new(FALSE, FALSE, sizeof(Violation));
	outcome->event = -1;
	return outcome;
}

static void strings(Outcome *outcome, char **ret[N_STRINGS])
{
	char **all[N_STRINGS] = { &outcome->final_state, &outcome->hash, &outcome->schedule,
				  &outcome->trace, &outcome->grown, &outcome->differs,
				  &outcome->calls };

	memcpy(ret, all, sizeof(all));
}

void outcome_free(Outcome *outcome)
{
	char **all[N_STRINGS];

	if (!outcome)
		return;
	strings(outcome, all);
	for (int i = 0; i < N_STRINGS; i++)
		g_free(*all[i]);
	g_array_unref(outcome->steps);
	g_array_unref(outcome->found);
	g_free(outcome);
}

void outcome_add(Outcome *outcome, const Violation *found)
{
	g_assert(found->documented || !outcome_documents(outcome));
	g_array_append_val(outcome->found, *found);
	if (!found->documented && !outcome->violates)
		outcome->violates = found->invariant;
}

void outcome_cut(Outcome *outcome, guint n)
{
	Step last = { .thread = -1 };

	g_array_set_size(outcome->steps, n);
	g_array_append_val(outcome->steps, last);
	outcome->end = END_KNOWN;
}

guint outcome_shown_after(const Outcome *outcome)
{
	return outcome->event >= 0 ? (guint)outcome->event + 1 : outcome_length(outcome);
}

int outcome_switches(const Outcome *outcome, guint n)
{
	int switches = 0;

	for (guint i = 1; i < n; i++)
		switches += thread_switches(outcome_step(outcome, i - 1)->thread,
					    outcome_step(outcome, i)->thread);
	return switches;
}

bool outcome_violates(const Outcome *outcome, const char *invariant)
{
	for (guint i = 0; i < outcome->found->len; i++)
		if (!outcome_found(outcome, i)->documented &&
		    strcmp(outcome_found(outcome, i)->invariant, invariant) == 0)
			return true;
	return false;
}

bool outcome_documents(const Outcome *outcome)
{
	return outcome->found->len &&
	       outcome_found(outcome, outcome->found->len - 1)->documented;
}

static void add_step(GVariantBuilder *steps, const Step *step)
{
	g_autofree char *enabled = thread_set_format(&step->enabled);
	g_autofree char *who = step->thread < 0 ? g_strdup("") : thread_name(step->thread);
	GVariantBuilder pending;

	g_variant_builder_init(&pending, G_VARIANT_TYPE("a(ss)"));
	thread_set_foreach(thread, &step->known) {
		g_autofree char *name = thread_name(thread);
		g_variant_builder_add(&pending, "(ss)", name,
				      footprint_text(step->pending[thread]));
	}
	g_variant_builder_add(steps, STEP, enabled, who, footprint_text(step->done), &pending);
}

char *outcome_format(const Outcome *outcome)
{
	char **all[N_STRINGS];
	GVariantBuilder steps, found, texts;

	g_variant_builder_init(&steps, G_VARIANT_TYPE("a" STEP));
	for (guint i = 0; i < outcome->steps->len; i++)
		add_step(&steps, outcome_step(outcome, i));
	strings((Outcome *)outcome, all);
	g_variant_builder_init(&found, G_VARIANT_TYPE("as"));
	for (guint i = 0; i < outcome->found->len; i++) {
		g_autofree char *one = violation_format(outcome_found(outcome, i));

		g_variant_builder_add(&found, "s", one);
	}
	g_variant_builder_init(&texts, G_VARIANT_TYPE("as"));
	for (int i = 0; i < N_STRINGS; i++) {
		bool is_file = all[i] == &outcome->schedule || all[i] == &outcome->trace ||
			       all[i] == &outcome->hash;
		bool keep = *all[i] && (outcome->found->len || !is_file);

		g_variant_builder_add(&texts, "s", keep ? *all[i] : "");
	}
	g_autoptr(GVariant) value = g_variant_ref_sink(
		g_variant_new(FORMAT, &steps, outcome->end, outcome->cycle, outcome->event,
			      outcome->partial, &found, &texts));
	return g_variant_print(value, FALSE);
}

/* Numbers are indices, and what was found has its files. */
static bool is_sound(const Outcome *outcome, guint end)
{
	guint n = outcome->steps->len;

	if (n == 0 || n > MAX_STEPS || end > END_REFUSED || outcome->cycle >= n ||
	    outcome->event < -1 || outcome->event >= (int)n ||
	    (outcome->found->len && (!outcome->schedule || !outcome->trace)))
		return false;
	/* Only at its end a schedule may go on with nobody. */
	for (guint i = 0; i + 1 < n; i++)
		if (outcome_step(outcome, i)->thread < 0)
			return false;
	return true;
}

/* False: something in it names no thread or no object. */
static bool parse_step(const char *enabled, const char *who, const char *done,
		       GVariantIter *pending, Step *ret)
{
	const char *name, *touches;

	*ret = (Step){ .thread = *who ? thread_parse(who) : -1 };
	if ((*who && ret->thread < 0) || !thread_set_parse(enabled, &ret->enabled) ||
	    !footprint_parse(done, &ret->done))
		return false;
	while (g_variant_iter_next(pending, "(&s&s)", &name, &touches)) {
		int thread = thread_parse(name);

		if (thread < 0 || !footprint_parse(touches, &ret->pending[thread]))
			return false;
		thread_set_add(&ret->known, thread);
	}
	return true;
}

/* False when one of @lines is damaged. */
static bool read_found(Outcome *outcome, GVariantIter *lines)
{
	const char *line;

	while (g_variant_iter_next(lines, "&s", &line)) {
		Violation found;

		if (!violation_parse(line, &found) ||
		    (!found.documented && outcome_documents(outcome)))
			return false;
		outcome_add(outcome, &found);
	}
	return true;
}

static bool parse_steps(GVariantIter *steps, GArray *ret)
{
	const char *enabled, *who, *done;
	GVariantIter *each;
	Step step;

	while (g_variant_iter_next(steps, "(&s&s&sa(ss))", &enabled, &who, &done, &each)) {
		g_autoptr(GVariantIter) pending = each;

		if (!parse_step(enabled, who, done, pending, &step))
			return false;
		g_array_append_val(ret, step);
	}
	return ret->len > 0;
}

Outcome *outcome_parse(const char *line)
{
	/* GLib takes UTF-8 for granted here. */
	g_autoptr(GVariant) value = g_utf8_validate(line, -1, NULL)
		? g_variant_parse(G_VARIANT_TYPE(FORMAT), line, NULL, NULL, NULL) : NULL;
	g_autoptr(Outcome) outcome = outcome_new();
	g_autoptr(GVariantIter) steps = NULL, found = NULL, texts = NULL;
	char **all[N_STRINGS];
	guint partial;
	guint end;

	if (!value || g_variant_n_children(value) != N_CHILDREN)
		return NULL;
	g_variant_get(value, FORMAT, &steps, &end, &outcome->cycle, &outcome->event, &partial,
		      &found, &texts);
	outcome->partial = partial;
	if (partial > 1 || !parse_steps(steps, outcome->steps))
		return NULL;
	outcome->end = end;
	if (!read_found(outcome, found))
		return NULL;
	strings(outcome, all);
	const char *text;
	for (int i = 0; i < N_STRINGS && g_variant_iter_next(texts, "&s", &text); i++)
		*all[i] = *text ? g_strdup(text) : NULL;
	return is_sound(outcome, end) ? g_steal_pointer(&outcome) : NULL;
}
