// SPDX-License-Identifier: GPL-2.0-only
#include "report/violation-text.h"

#include <string.h>

#include "catalog/invariant.h"
#include "event/event.h"
#include "util/noise.h"

static char *waits_text(const Violation *violation)
{
	GString *text = g_string_new(NULL);

	for (int i = 0; i < violation->n_waits; i++) {
		const Wait *wait = &violation->waits[i];

		g_string_append_printf(text, "%s%s ", i ? ", " : "", wait->actor);
		if (wait->kind == WAIT_LOCK)
			g_string_append_printf(text, "waits for the %s lock held by %s",
					       wait->lock, wait->holder ? wait->holder : "nobody");
		else
			g_string_append_printf(text, "%s at %s",
					       wait->kind == WAIT_SLEEP ? "sleeps" : "spins",
					       wait->where ? wait->where : "an unknown place");
	}
	return g_string_free(text, FALSE);
}

static char *number(gint64 value)
{
	return value == VIOLATION_NONE ? g_strdup("?")
				       : g_strdup_printf("%" G_GINT64_FORMAT, value);
}

static char *field(const char *name, gconstpointer data)
{
	const Violation *violation = data;

	if (strcmp(name, "page") == 0)
		return g_strdup_printf("%d", violation->page);
	if (strcmp(name, "vcpu") == 0)
		return g_strdup_printf("%d", violation->vcpu);
	if (strcmp(name, "actor") == 0)
		return g_strdup(violation->actor ? violation->actor : "nobody");
	if (strcmp(name, "count") == 0)
		return number(violation->count);
	if (strcmp(name, "expected") == 0)
		return number(violation->expected);
	if (strcmp(name, "address") == 0)
		return g_strdup_printf("%#" G_GINT64_MODIFIER "x", violation->address);
	if (strcmp(name, "direction") == 0)
		return g_strdup(violation->write == 1 ? "write" : "read");
	if (strcmp(name, "word") == 0)
		return g_strdup(violation->word ? violation->word : "?");
	if (strcmp(name, "lock") == 0)
		return g_strdup(violation->lock ? violation->lock : "?");
	if (strcmp(name, "log") == 0)
		return g_strdup(violation->log ? violation->log : "");
	return strcmp(name, "waits") == 0 ? waits_text(violation) : NULL;
}

char *violation_text(const Violation *violation)
{
	const InvariantReason *reason = invariant_reason(violation->invariant, violation->reason);

	/* A file of a later version may have reasons of its own. */
	return noise(reason ? template_fill(reason->text, field, violation)
			    : g_strdup(violation->reason));
}

static const char *kind_in_brackets(ViolationKind kind)
{
	static const char *const texts[] = {
		[VIOLATION_SEEN] = "", [VIOLATION_CARRIED_OUT] = " (carried out)",
		[VIOLATION_POSSIBLE] = " (possible)",
	};

	return texts[kind];
}

char *violations_text(const GArray *violations)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < violations->len; i++) {
		const Violation *violation = &g_array_index(violations, Violation, i);
		g_autofree char *sentence = violation_text(violation);

		if (!violation->documented)
			g_string_append_printf(text, "%s%s: %s\n", violation->invariant,
					       kind_in_brackets(violation->kind), sentence);
	}
	return g_string_free(text, FALSE);
}

const char *violation_kind_text(const Violation *violation)
{
	static const char *const texts[] = {
		[VIOLATION_SEEN] = "seen: it happened",
		[VIOLATION_CARRIED_OUT] =
			"carried out: through a translation that the vCPU may hold",
		[VIOLATION_POSSIBLE] = "possible: what a TLB may hold allows it",
	};

	if (violation->documented)
		return noise_constant("documented: accepted by the design");
	return noise_constant(texts[violation->kind]);
}
