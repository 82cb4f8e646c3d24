// SPDX-License-Identifier: GPL-2.0-only
#include "event/record.h"

#include <string.h>

Record *record_new(const TraceHeader *header)
{
	Record *record = g_new0(Record, 1);

	record->header = *header;
	record->events = g_array_new(FALSE, FALSE, sizeof(RecordEvent));
	record->frames = g_array_new(FALSE, FALSE, sizeof(guint64));
	record->programs = g_array_new(FALSE, FALSE, sizeof(guint32));
	record->found = g_array_new(FALSE, FALSE, sizeof(Violation));
	return record;
}

void record_free(Record *record)
{
	if (!record)
		return;
	g_array_unref(record->events);
	g_array_unref(record->frames);
	g_array_unref(record->programs);
	g_array_unref(record->found);
	end_free(record->end);
	g_free(record);
}

static void note_frame(Record *record, guint64 pfn)
{
	for (guint i = 0; i < record->frames->len; i++)
		if (g_array_index(record->frames, guint64, i) == pfn)
			return;
	g_array_append_val(record->frames, pfn);
}

static void note_pte(Record *record, guint64 pte)
{
	if (pte_present(pte))
		note_frame(record, pte_pfn(pte));
}

static void note_program(Record *record, guint32 program)
{
	for (guint i = 0; i < record->programs->len; i++)
		if (g_array_index(record->programs, guint32, i) == program)
			return;
	g_array_append_val(record->programs, program);
}

void record_begin(Record *record, const guint64 *ptes)
{
	g_array_set_size(record->events, 0);
	g_array_set_size(record->frames, 0);
	g_array_set_size(record->programs, 0);
	g_array_set_size(record->found, 0);
	g_clear_pointer(&record->end, end_free);
	memmove(record->header.ptes, ptes, header_ptes(&record->header) * sizeof(*ptes));
	for (int i = 0; i < header_ptes(&record->header); i++)
		note_pte(record, ptes[i]);
}

void record_add(Record *record, const Event *event, const char *where, const char *line,
		const char *insn, const Tlb *tlb)
{
	guint last = record->events->len;
	RecordEvent add = { .event = *event, .n = last + 1, .where = where, .line = line,
			    .insn = insn, .tlb = *tlb };

	if (event_is_decision(event))
		add.number = (last ? record_number(record, last - 1) : 0) + 1;
	for (int i = 0; i < header_ptes(&record->header); i++) {
		note_pte(record, event->before[i]);
		note_pte(record, event->after[i]);
	}
	if (event->landed)
		note_frame(record, event->landed);
	if (event->kind == EVENT_FREE)
		note_frame(record, event->pfn);
	if (event->kind == EVENT_ACCESS && event->faulted && event->program)
		note_program(record, event->program);
	g_array_append_val(record->events, add);
}

void record_end(Record *record, End *end)
{
	end_free(record->end);
	record->end = end;
	for (int i = 0; i < end->n_pages; i++)
		note_pte(record, end->pages[i].pte);
	for (guint i = 0; i < end->given_back->len; i++)
		note_frame(record, g_array_index(end->given_back, guint64, i));
	for (guint i = 0; i < end->pinned->len; i++)
		note_frame(record, g_array_index(end->pinned, guint64, i));
	for (guint i = 0; i < end->reports->len; i++)
		note_program(record, g_array_index(end->reports, EndReport, i).program);
}

void record_found(Record *record, const Violation *found)
{
	Violation named = *found;

	if (found->pfn >= 0)
		named.frame = record_frame(record, found->pfn);
	g_array_append_val(record->found, named);
}

/* The group that frame @pfn is the scratch page of; -1: none. */
static int scratch_group(const Record *record, guint64 pfn)
{
	for (int i = 0; i < record->header.n_pages; i++)
		if (record->header.scratch[i] == (gint64)pfn)
			return record->header.groups[i];
	return -1;
}

/* A to Z, then AA, AB, … */
static void append_letters(GString *name, guint index)
{
	if (index >= 26)
		append_letters(name, index / 26 - 1);
	g_string_append_c(name, 'A' + index % 26);
}

const char *record_frame(const Record *record, guint64 pfn)
{
	int group = scratch_group(record, pfn);
	g_autoptr(GString) name = g_string_new(group >= 0 ? "scratch" : "frame ");
	guint index = 0;

	if (group > 0)
		g_string_append_printf(name, " %d", group + 1);
	for (guint i = 0; group < 0 && i < record->frames->len; i++) {
		guint64 known = g_array_index(record->frames, guint64, i);

		if (known == pfn)
			break;
		index += scratch_group(record, known) < 0;
	}
	if (group < 0)
		append_letters(name, index);
	return g_intern_string(name->str);
}

guint record_program(const Record *record, guint32 id)
{
	for (guint i = 0; i < record->programs->len; i++)
		if (g_array_index(record->programs, guint32, i) == id)
			return i + 1;
	return 0;
}

const char *record_pte(const Record *record, guint64 pte)
{
	if (!pte)
		return "none";
	return pte_present(pte) ? record_frame(record, pte_pfn(pte)) : "not present";
}

const char *record_actor(const Record *record, const Event *event)
{
	return record->header.actors[event->actor].name;
}

char *record_label(const Record *record, guint i)
{
	const RecordEvent *line = record_event(record, i);

	return event_label(&line->event, line->where, header_target(&record->header, &line->event));
}

guint record_number(const Record *record, guint i)
{
	for (guint k = i + 1; k-- > 0;)
		if (record_event(record, k)->number)
			return record_event(record, k)->number;
	return 0;
}

const Violation *record_main(const Record *record)
{
	return record->found->len ? record_violation(record, 0) : NULL;
}
