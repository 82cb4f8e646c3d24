// SPDX-License-Identifier: GPL-2.0-only
#include "report/trace.h"

#include "util/u64.h"

struct Trace {
	const Stepper *stepper;
	Record *record;
};

/* PTEs of processes, and names. */
static void add_watched(TraceHeader *header, const Watch *watch)
{
	for (int slot = header->n_pages; slot < watch->n_ptes; slot++) {
		int page = watch->ptes[slot].page;
		const WatchView *view = &watch->pages[page].views[watch->ptes[slot].view];

		header->more[header->n_more].page = page;
		header->more[header->n_more++].view = view->mm + 1;
	}
	header->n_locks = watch->n_locks;
	for (int i = 0; i < watch->n_locks; i++)
		header->locks[i] = watch->locks[i].name;
	header->n_words = watch->n_words;
	for (int i = 0; i < watch->n_words; i++) {
		header->words[i] = watch->words[i].name;
		header->word_guards[i] = watch->words[i].lock;
		header->word_views[i] = watch->words[i].is == COUNT_PROCESSES ? watch->words[i].mm + 1 : 0;
	}
}

Trace *trace_new(const Guest *guest, const Stepper *stepper, const TraceDeclared *declared,
		 const char *setup, const char *operations, const Failures *failures)
{
	Trace *trace = g_new0(Trace, 1);
	TraceHeader header = {
		.setup = g_intern_string(setup), .operations = g_intern_string(operations),
		.n_actors = guest->n_actors, .n_pages = guest->n_pages, .declared = *declared,
	};

	for (int i = 0; i < guest->n_actors; i++) {
		header.actors[i].name = g_intern_string(guest->report.actors[i].name);
		header.actors[i].vcpu = guest->report.actors[i].cpu;
		header.actors[i].process = guest->report.actors[i].process;
	}
	for (int i = 0; i < guest->n_pages; i++) {
		header.groups[i] = guest->watch.pages[i].group;
		header.guards[i] = guest->watch.pages[i].lock;
		header.uaddr[i] = guest->report.pages[i];
		header.lazy[i] = guest->watch.pages[i].lazy;
		header.scratch[i] = watch_frame(&guest->watch, "scratch", header.groups[i]);
	}
	add_watched(&header, &guest->watch);
	header.n_failing = failures ? failures->n_names : 0;
	for (int i = 0; i < header.n_failing; i++)
		header.failing[i] = failures->names[i];
	trace->stepper = stepper;
	trace->record = record_new(&header);
	return trace;
}

void trace_free(Trace *trace)
{
	if (!trace)
		return;
	record_free(trace->record);
	g_free(trace);
}

void trace_begin(Trace *trace, const guint64 *ptes)
{
	record_begin(trace->record, ptes);
}

void trace_add(Trace *trace, const Event *event, const Tlb *tlb)
{
	const Site *site = event_kind_row(event->kind)->place
		? sites_find(stepper_sites(trace->stepper), event->pc) : NULL;

	record_add(trace->record, event, site ? g_intern_string(site->where) : NULL,
		   site ? g_intern_string(site->line) : NULL,
		   site ? g_intern_string(site->insn.text) : NULL, tlb);
}

void trace_end(Trace *trace, End *end)
{
	record_end(trace->record, end);
}

void trace_found(Trace *trace, const Check *check)
{
	for (guint i = 0; i < check->violations->len; i++)
		record_found(trace->record, &g_array_index(check->violations, Violation, i));
	for (guint i = 0; i < check->documented->len; i++)
		record_found(trace->record, &g_array_index(check->documented, Violation, i));
}

const Record *trace_record(const Trace *trace)
{
	return trace->record;
}

const TraceHeader *trace_header(const Trace *trace)
{
	return &trace->record->header;
}

char *trace_decision(const Trace *trace, guint n)
{
	for (guint i = 0; i < trace->record->events->len; i++)
		if (record_event(trace->record, i)->number == n + 1)
			return record_label(trace->record, i);
	return g_strdup("");
}

/* Raw PTE values differ from boot to boot, so they are no part of the trace. */
JsonObject *trace_frames(const Trace *trace)
{
	const Record *record = trace->record;
	JsonObject *frames = json_object_new();

	for (guint i = 0; i < record->events->len; i++) {
		const Event *event = &record_event(record, i)->event;

		for (int j = 0; j < 2 * header_ptes(&record->header); j++) {
			guint64 pte = (j % 2 ? event->after : event->before)[j / 2];
			const char *name = record_pte(record, pte);

			if (pte && !json_object_has_member(frames, name))
				u64_set_member(frames, name, pte);
		}
	}
	return frames;
}

char *trace_final_state(const Trace *trace)
{
	const Record *record = trace->record;
	GString *text = g_string_new(NULL);
	gint64 results[MAX_ACTORS] = { 0 };

	for (guint i = 0; i < record->events->len; i++) {
		const Event *event = &record_event(record, i)->event;

		if (event->kind == EVENT_RETURN)
			results[event->actor] = event->result;
	}
	for (int i = 0; i < record->header.n_actors; i++)
		g_string_append_printf(text, "%s=%" G_GINT64_FORMAT " ",
				       record->header.actors[i].name, results[i]);
	if (record->events->len) {
		const Event *last = &record_event(record, record->events->len - 1)->event;

		for (int i = 0; i < record->header.n_pages; i++)
			g_string_append_printf(text, "page%d=%s ", i,
					       record_pte(record, last->after[i]));
	}
	return g_string_free(text, FALSE);
}
