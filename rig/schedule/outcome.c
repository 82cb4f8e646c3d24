// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/outcome.h"

#include <string.h>

/* As a GVariant: steps, end, circle, event, violations as JSON, strings ("" is NULL). */
static const char FORMAT[] = "(a(uuiuuua(yuuu))uuiasas)";

enum { N_CHILDREN = 6, N_STRINGS = 4 };

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
				  &outcome->trace };

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
	GVariantBuilder pending;

	g_variant_builder_init(&pending, G_VARIANT_TYPE("a(yuuu)"));
	for (int i = 0; i < SCHEDULE_THREADS; i++) {
		const Footprint *f = &step->pending[i];

		if (step->known & (1u << i))
			g_variant_builder_add(&pending, "(yuuu)", i, f->reads, f->writes,
					      f->acquires);
	}
	g_variant_builder_add(steps, "(uuiuuua(yuuu))", step->enabled, step->known, step->thread,
			      step->done.reads, step->done.writes, step->done.acquires, &pending);
}

char *outcome_format(const Outcome *outcome)
{
	char **all[N_STRINGS];
	GVariantBuilder steps, found, texts;

	g_variant_builder_init(&steps, G_VARIANT_TYPE("a(uuiuuua(yuuu))"));
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
		bool keep = *all[i] && (outcome->found->len || all[i] == &outcome->final_state);

		g_variant_builder_add(&texts, "s", keep ? *all[i] : "");
	}
	g_autoptr(GVariant) value = g_variant_ref_sink(
		g_variant_new(FORMAT, &steps, outcome->end, outcome->circle, outcome->event, &found,
			      &texts));
	return g_variant_print(value, FALSE);
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

Outcome *outcome_parse(const char *line)
{
	g_autoptr(GVariant) value =
		g_variant_parse(G_VARIANT_TYPE(FORMAT), line, NULL, NULL, NULL);
	g_autoptr(Outcome) outcome = outcome_new();
	g_autoptr(GVariantIter) steps = NULL, found = NULL, texts = NULL, pending = NULL;
	char **all[N_STRINGS];
	guint end;
	Step step;

	if (!value || g_variant_n_children(value) != N_CHILDREN)
		return NULL;
	g_variant_get(value, FORMAT, &steps, &end, &outcome->circle, &outcome->event, &found,
		      &texts);
	while (g_variant_iter_loop(steps, "(uuiuuua(yuuu))", &step.enabled, &step.known,
				   &step.thread, &step.done.reads, &step.done.writes,
				   &step.done.acquires, &pending)) {
		Footprint f;
		guint8 thread;

		memset(step.pending, 0, sizeof(step.pending));
		while (g_variant_iter_loop(pending, "(yuuu)", &thread, &f.reads, &f.writes,
					   &f.acquires))
			if (thread < SCHEDULE_THREADS)
				step.pending[thread] = f;
		g_array_append_val(outcome->steps, step);
	}
	outcome->end = end;
	if (!read_found(outcome, found))
		return NULL;
	strings(outcome, all);
	const char *text;
	for (int i = 0; i < N_STRINGS && g_variant_iter_next(texts, "&s", &text); i++)
		*all[i] = *text ? g_strdup(text) : NULL;
	return outcome->steps->len ? g_steal_pointer(&outcome) : NULL;
}
