// SPDX-License-Identifier: GPL-2.0-only
#include "report/trace.h"

#include <json-glib/json-glib.h>
#include <string.h>

struct Trace {
	const Guest *guest;
	const Stepper *stepper;
	GArray *events;		/* of Event */
	GArray *frames;		/* guint64: frame numbers in order of appearance */
};

enum { COLUMN = 36 };

Trace *trace_new(const Guest *guest, const Stepper *stepper)
{
	Trace *trace = g_new0(Trace, 1);

	trace->guest = guest;
	trace->stepper = stepper;
	trace->events = g_array_new(FALSE, FALSE, sizeof(Event));
	trace->frames = g_array_new(FALSE, FALSE, sizeof(guint64));
	return trace;
}

void trace_free(Trace *trace)
{
	if (!trace)
		return;
	g_array_unref(trace->events);
	g_array_unref(trace->frames);
	g_free(trace);
}

void trace_begin(Trace *trace)
{
	g_array_set_size(trace->events, 0);
	g_array_set_size(trace->frames, 0);
}

static void note_frame(Trace *trace, guint64 pte)
{
	guint64 pfn = pte_pfn(pte);

	if (!pte_present(pte))
		return;
	for (guint i = 0; i < trace->frames->len; i++)
		if (g_array_index(trace->frames, guint64, i) == pfn)
			return;
	g_array_append_val(trace->frames, pfn);
}

void trace_add(Trace *trace, const Event *event)
{
	for (int i = 0; i < trace->guest->n_pages; i++) {
		note_frame(trace, event->before[i]);
		note_frame(trace, event->after[i]);
	}
	g_array_append_val(trace->events, *event);
}

/* "none", "scratch", "frame A", … */
static char *pte_name(const Trace *trace, guint64 pte)
{
	if (!pte)
		return g_strdup("none");
	if (!pte_present(pte))
		return g_strdup("not present");
	if ((gint64)pte_pfn(pte) == trace->guest->scratch_pfn)
		return g_strdup("scratch");
	int letter = 'A';
	for (guint i = 0; i < trace->frames->len; i++) {
		guint64 pfn = g_array_index(trace->frames, guint64, i);

		if (pfn == pte_pfn(pte))
			break;
		if ((gint64)pfn != trace->guest->scratch_pfn)
			letter++;
	}
	return g_strdup_printf("frame %c", letter);
}

static const Site *site_of(const Trace *trace, const Event *event)
{
	return event->kind == EVENT_RETURN
		? NULL : sites_find(stepper_sites(trace->stepper), event->pc);
}

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_string_value(builder, value);
}

static void add_ptes(JsonBuilder *builder, const Trace *trace, const char *name,
		     const guint64 *ptes)
{
	json_builder_set_member_name(builder, name);
	json_builder_begin_array(builder);
	for (int i = 0; i < trace->guest->n_pages; i++) {
		g_autofree char *value = pte_name(trace, ptes[i]);
		json_builder_add_string_value(builder, value);
	}
	json_builder_end_array(builder);
}

static void append_json(const Trace *trace, guint n, GString *text)
{
	const Event *event = &g_array_index(trace->events, Event, n);
	const Site *site = site_of(trace, event);
	g_autofree char *label = stepper_event_label(trace->stepper, event);
	g_autoptr(JsonBuilder) builder = json_builder_new();

	json_builder_begin_object(builder);
	json_builder_set_member_name(builder, "n");
	json_builder_add_int_value(builder, n + 1);
	add_string(builder, "actor", trace->guest->report.actors[event->actor].name);
	json_builder_set_member_name(builder, "vcpu");
	json_builder_add_int_value(builder, trace->guest->report.actors[event->actor].cpu);
	add_string(builder, "event", label);
	if (site) {
		add_string(builder, "line", site->line ? site->line : "");
		add_string(builder, "insn", site->insn.text);
	}
	if (event->kind == EVENT_ACCESS) {
		json_builder_set_member_name(builder, "faulted");
		json_builder_add_boolean_value(builder, event->faulted);
	}
	if (event->kind == EVENT_RETURN) {
		json_builder_set_member_name(builder, "result");
		json_builder_add_int_value(builder, event->result);
	}
	add_ptes(builder, trace, "before", event->before);
	add_ptes(builder, trace, "after", event->after);
	json_builder_end_object(builder);

	g_autoptr(JsonNode) node = json_builder_get_root(builder);
	g_autofree char *line = json_to_string(node, FALSE);
	g_string_append_printf(text, "%s\n", line);
}

char *trace_json(const Trace *trace)
{
	GString *text = g_string_new("{\"racerig-trace\":1}\n");

	for (guint i = 0; i < trace->events->len; i++)
		append_json(trace, i, text);
	return g_string_free(text, FALSE);
}

/* The two lines an event takes in its column: what, and what it did. */
static void describe(const Trace *trace, const Event *event, char **ret_what, char **ret_did)
{
	const Site *site = site_of(trace, event);

	if (event->kind == EVENT_RETURN) {
		*ret_what = g_strdup_printf("returns %" G_GINT64_FORMAT, event->result);
		*ret_did = NULL;
		return;
	}
	const char *name = strrchr(site->line ? site->line : site->where, '/');
	name = name ? name + 1 : site->line ? site->line : site->where;
	g_autofree char *before = pte_name(trace, event->before[event->page]);
	g_autofree char *after = pte_name(trace, event->after[event->page]);
	if (event->kind == EVENT_ACCESS) {
		*ret_what = g_strdup_printf("%s page %d",
					    event->access == ACCESS_READ ? "load" : "store",
					    event->page);
		*ret_did = event->faulted ? g_strdup("  page fault")
					  : g_strdup_printf("  through %s", after);
		return;
	}
	*ret_what = g_strdup_printf("%s pte %d  %s", access_name(event->access), event->page, name);
	bool reads = event->access == ACCESS_READ;
	bool failed = event->access == ACCESS_CMPXCHG && event->before[event->page] ==
						event->after[event->page];
	*ret_did = reads ? g_strdup_printf("  sees %s", before)
		   : failed ? g_strdup_printf("  fails: finds %s", before)
			    : g_strdup_printf("  %s -> %s", before, after);
}

static void append_cell(GString *text, int number, int column, const char *cell, bool mark)
{
	if (number)
		g_string_append_printf(text, "%c%3d  ", mark ? '>' : ' ', number);
	else
		g_string_append(text, "      ");
	g_string_append_printf(text, "%*s%s\n", column * COLUMN, "", cell);
}

char *trace_interleaving(const Trace *trace, int marked)
{
	GString *text = g_string_new("      ");

	for (int i = 0; i < trace->guest->n_actors; i++) {
		g_autofree char *head = g_strdup_printf("CPU%u (%s)",
							trace->guest->report.actors[i].cpu,
							trace->guest->report.actors[i].name);
		g_string_append_printf(text, "%-*s", i + 1 < trace->guest->n_actors ? COLUMN : 0,
				       head);
	}
	g_string_append_c(text, '\n');
	for (guint i = 0; i < trace->events->len; i++) {
		const Event *event = &g_array_index(trace->events, Event, i);
		g_autofree char *what = NULL, *did = NULL;

		describe(trace, event, &what, &did);
		append_cell(text, i + 1, event->actor, what, (int)i == marked);
		if (did)
			append_cell(text, 0, event->actor, did, false);
	}
	return g_string_free(text, FALSE);
}

char *trace_final_state(const Trace *trace)
{
	GString *text = g_string_new(NULL);
	gint64 results[MAX_ACTORS] = { 0 };

	for (guint i = 0; i < trace->events->len; i++) {
		const Event *event = &g_array_index(trace->events, Event, i);

		if (event->kind == EVENT_RETURN)
			results[event->actor] = event->result;
	}
	for (int i = 0; i < trace->guest->n_actors; i++)
		g_string_append_printf(text, "%s=%" G_GINT64_FORMAT " ",
				       trace->guest->report.actors[i].name, results[i]);
	if (trace->events->len) {
		const Event *last = &g_array_index(trace->events, Event, trace->events->len - 1);

		for (int i = 0; i < trace->guest->n_pages; i++) {
			g_autofree char *value = pte_name(trace, last->after[i]);
			g_string_append_printf(text, "page%d=%s ", i, value);
		}
	}
	return g_string_free(text, FALSE);
}
