// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/outcome.h"

#include <string.h>

#include "util/name.h"

/* As a GVariant: steps, end, circle, event, strings ("" is NULL). */
static const char FORMAT[] = "(a(uuiuuua(yuuu))uuias)";

enum { N_STRINGS = 8, MAX_STEPS = 10000 };

Outcome *outcome_new(void)
{
	Outcome *outcome = g_new0(Outcome, 1);

	outcome->steps = g_array_new(FALSE, TRUE, sizeof(Step));
	outcome->event = -1;
	return outcome;
}

static void strings(Outcome *outcome, char **ret[N_STRINGS])
{
	char **all[N_STRINGS] = { &outcome->violates, &outcome->final_state, &outcome->hash,
				  &outcome->violations, &outcome->schedule, &outcome->trace,
				  &outcome->interleaving, &outcome->documented };

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
	g_free(outcome);
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
	GVariantBuilder steps, texts;

	g_variant_builder_init(&steps, G_VARIANT_TYPE("a(uuiuuua(yuuu))"));
	for (guint i = 0; i < outcome->steps->len; i++)
		add_step(&steps, outcome_step(outcome, i));
	strings((Outcome *)outcome, all);
	g_variant_builder_init(&texts, G_VARIANT_TYPE("as"));
	for (int i = 0; i < N_STRINGS; i++) {
		bool keep = *all[i] && (outcome->violates || outcome->documented ||
				     all[i] == &outcome->final_state);

		g_variant_builder_add(&texts, "s", keep ? *all[i] : "");
	}
	g_autoptr(GVariant) value = g_variant_ref_sink(
		g_variant_new(FORMAT, &steps, outcome->end, outcome->circle, outcome->event, &texts));
	return g_variant_print(value, FALSE);
}

static bool is_thread(int thread)
{
	return thread >= 0 && thread < SCHEDULE_THREADS;
}

/* Numbers are indices, and the invariant becomes a part of a file name. */
static bool is_sound(const Outcome *outcome, guint end)
{
	static const guint32 threads = (1u << SCHEDULE_THREADS) - 1;
	guint n = outcome->steps->len;

	if (n == 0 || n > MAX_STEPS || end > END_REFUSED || outcome->circle >= n ||
	    outcome->event < -1 || outcome->event >= (int)n ||
	    (outcome->violates && !name_is(NAME_INVARIANT, outcome->violates)))
		return false;
	for (guint i = 0; i < n; i++) {
		const Step *step = outcome_step(outcome, i);
		bool last = i + 1 == n;

		if ((!is_thread(step->thread) && !(last && step->thread == -1)) ||
		    ((step->enabled | step->known) & ~threads))
			return false;
	}
	return true;
}

Outcome *outcome_parse(const char *line)
{
	g_autoptr(GVariant) value =
		g_variant_parse(G_VARIANT_TYPE(FORMAT), line, NULL, NULL, NULL);
	g_autoptr(Outcome) outcome = outcome_new();
	g_autoptr(GVariantIter) steps = NULL, texts = NULL, pending = NULL;
	char **all[N_STRINGS];
	guint end;
	Step step;

	if (!value || g_variant_n_children(value) != 5)
		return NULL;
	g_variant_get(value, FORMAT, &steps, &end, &outcome->circle, &outcome->event, &texts);
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
	strings(outcome, all);
	const char *text;
	for (int i = 0; i < N_STRINGS && g_variant_iter_next(texts, "&s", &text); i++)
		*all[i] = *text ? g_strdup(text) : NULL;
	return is_sound(outcome, end) ? g_steal_pointer(&outcome) : NULL;
}
