// SPDX-License-Identifier: GPL-2.0-only
#include "report/trace-view.h"

#include <string.h>

#include "report/violation-text.h"
#include "util/noise.h"

void trace_view_free(TraceView *view)
{
	if (!view)
		return;
	record_free(view->record);
	g_ptr_array_unref(view->frames);
	g_hash_table_unref(view->names);
	g_free(view);
}

static void note_frame(TraceView *view, const char *value, const char *owner, GHashTable *counts)
{
	if (!g_str_has_prefix(value, "frame ") || g_hash_table_contains(view->names, value))
		return;
	int count = GPOINTER_TO_INT(g_hash_table_lookup(counts, owner)) + 1;
	g_autofree char *name = count == 1 ? g_strdup_printf("page of %s", owner)
					   : g_strdup_printf("page of %s #%d", owner, count);

	g_hash_table_insert(counts, (char *)owner, GINT_TO_POINTER(count));
	g_hash_table_insert(view->names, (char *)value, (char *)g_intern_string(name));
	g_ptr_array_add(view->frames, (char *)value);
}

/* Who first put a frame into a PTE was given it by the allocator. */
static void name_frames(TraceView *view)
{
	g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
	const Record *record = view->record;

	for (guint i = 0; i < record->events->len; i++) {
		const Event *event = &record_event(record, i)->event;

		for (int page = 0; page < record->header.n_pages; page++) {
			if (i == 0)
				note_frame(view, record_pte(record, event->before[page]),
					   "the set-up", counts);
			note_frame(view, record_pte(record, event->after[page]),
				   record_actor(record, event), counts);
		}
	}
}

TraceView *trace_view_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(Record) record = record_parse(text, name, error);

	if (!record)
		return NULL;
	TraceView *view = g_new0(TraceView, 1);
	view->record = g_steal_pointer(&record);
	view->frames = g_ptr_array_new();
	view->names = g_hash_table_new(g_str_hash, g_str_equal);
	name_frames(view);
	return view;
}

static const char *name_in(GHashTable *names, const char *value)
{
	const char *name = names ? g_hash_table_lookup(names, value) : NULL;

	return name ? name : value;
}

const char *trace_view_name(const TraceView *view, const char *value)
{
	return name_in(view->names, value);
}

bool trace_view_is_stale(const RecordEvent *event, int actor, int slot)
{
	guint64 pte = event->event.after[slot];
	gint64 pfn = pte_present(pte) ? (gint64)pte_pfn(pte) : -1;

	return tlb_stale(&event->tlb, actor, slot, pfn) >= 0;
}

typedef struct {
	const Record *record;
	const Event *event;
} Words;

static char *words_field(const char *name, gconstpointer data)
{
	static const char *const halves[] = { "", "load half, ", "store half, " };
	const Words *words = data;
	const Event *event = words->event;

	if (strcmp(name, "page") == 0)
		return g_strdup_printf("%d", event->page);
	if (strcmp(name, "view") == 0)
		return event->view ? g_strdup_printf(" of process %d", event->view) : g_strdup("");
	if (strcmp(name, "other lock") == 0)
		return event->lock ? g_strconcat(words->record->header.locks[event->lock], " ", NULL)
				   : g_strdup("");
	if (strcmp(name, "word") == 0 && event->lock < 0)
		return g_strdup_printf("%s: %d", header_target(&words->record->header, event), event->count);
	if (strcmp(name, "lock") == 0 || strcmp(name, "word") == 0)
		return g_strdup(header_target(&words->record->header, event));
	if (strcmp(name, "failing") == 0)
		return g_strconcat(header_target(&words->record->header, event),
				   event->gives_up ? " lock" : "", NULL);
	if (strcmp(name, "half") == 0)
		return g_strdup(halves[event->half]);
	if (strcmp(name, "access") == 0)
		return g_strdup(access_name(event->access));
	if (strcmp(name, "direction") == 0)
		return g_strdup(event->access == ACCESS_READ ? "load" : "store");
	if (strcmp(name, "result") == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT, event->result);
	if (strcmp(name, "target vCPU") == 0)
		return g_strdup_printf("%d", words->record->header.actors[event->to].vcpu);
	if (strcmp(name, "what of its TLB") == 0 && event->page < 0)
		return g_strdup("its whole TLB");
	if (strcmp(name, "what of its TLB") == 0) {
		g_autofree char *view = words_field("view", data);
		return g_strdup_printf("page %d%s from its TLB", event->page, view);
	}
	return NULL;
}

char *event_words(const Record *record, const RecordEvent *line)
{
	return noise(template_fill(event_kind_row(line->event.kind)->words, words_field,
				   &(Words){ record, &line->event }));
}

static char *pte_effect(const Record *record, GHashTable *names, const Event *event)
{
	const char *before = name_in(names, record_pte(record, event->before[event_slot(event)]));
	const char *after = name_in(names, record_pte(record, event->after[event_slot(event)]));

	if (event_reads(event))
		return g_strdup_printf("sees %s", before);
	return event_failed(event) ? g_strdup_printf("fails: finds %s", before)
				   : g_strdup_printf("%s -> %s", before, after);
}

/* What the PTE says that the access goes through; of one that is not watched, the kernel's. */
static const char *access_pte(const Record *record, const Event *event)
{
	int slot = event_slot(event);

	return record_pte(record, event->after[slot < 0 ? event->page : slot]);
}

static char *access_effect(const Record *record, GHashTable *names, const Event *event)
{
	const char *says = access_pte(record, event);

	if (event->faulted)
		return g_strdup("page fault");
	if (!event->landed)
		return g_strdup_printf("its PTE: %s", name_in(names, says));
	const char *used = record_frame(record, event->landed);
	return g_strdup_printf("%s %s%s", event->access == ACCESS_READ ? "from" : "to",
			       name_in(names, used), strcmp(used, says) != 0 ? ": stale" : "");
}

char *event_effect(const Record *record, GHashTable *names, const RecordEvent *line)
{
	if (line->event.kind == EVENT_PTE)
		return noise(pte_effect(record, names, &line->event));
	if (line->event.kind == EVENT_ACCESS)
		return noise(access_effect(record, names, &line->event));
	return NULL;
}

static char *maps(const TraceView *view, const char *value)
{
	if (strcmp(value, "none") == 0)
		return g_strdup("empty");
	if (strcmp(value, "scratch") == 0)
		return g_strdup("the scratch page");
	const char *name = trace_view_name(view, value);
	return g_strdup_printf("%s%s", name == value ? "" : "the ", name);
}

static char *pte_sentence(const TraceView *view, const Event *event)
{
	static const char *const verbs[] = {
		[ACCESS_NONE] = "touches", [ACCESS_READ] = "touches", [ACCESS_WRITE] = "writes",
		[ACCESS_CMPXCHG] = "compares and exchanges", [ACCESS_XCHG] = "exchanges",
		[ACCESS_RMW] = "changes in place",
	};
	static const char *const halves[] = {
		"", "(first half of a split operation) ", "(second half of it) ",
	};
	const char *half = halves[event->half];
	g_autofree char *before =
		maps(view, record_pte(view->record, event->before[event_slot(event)]));
	g_autofree char *after = maps(view, record_pte(view->record, event->after[event_slot(event)]));

	if (event_reads(event))
		return g_strdup_printf("%sreads the PTE of page %d: %s", half, event->page, before);
	if (event_failed(event))
		return g_strdup_printf("tries to fill the PTE of page %d and fails: it finds %s",
				       event->page, before);
	return g_strdup_printf("%s%s the PTE of page %d: from %s to %s", half,
			       verbs[event->access], event->page, before, after);
}

static char *access_sentence(const TraceView *view, const Event *event)
{
	const char *pte = access_pte(view->record, event);
	const char *frame = event->landed ? record_frame(view->record, event->landed) : NULL;
	g_autofree char *says = maps(view, pte);
	g_autofree char *used = frame ? maps(view, frame) : NULL;
	bool reads = event->access == ACCESS_READ;
	const char *verb = reads ? "reads" : "writes";

	if (event->faulted)
		return g_strdup_printf("%s page %d and takes a page fault", verb, event->page);
	if (!used)
		return g_strdup_printf("%s page %d, whose PTE says: %s", verb, event->page, says);
	if (strcmp(frame, pte) == 0)
		return g_strdup_printf("%s page %d: %s %s", verb, event->page, reads ? "from" : "to",
				       used);
	return g_strdup_printf("%s page %d: %s %s, by a stale translation; its PTE says: %s", verb,
			       event->page, reads ? "from" : "to", used, says);
}

char *trace_view_sentence(const TraceView *view, const RecordEvent *line)
{
	const char *sentence = event_kind_row(line->event.kind)->sentence;

	if (line->event.kind == EVENT_PTE)
		return noise(pte_sentence(view, &line->event));
	if (line->event.kind == EVENT_ACCESS)
		return noise(access_sentence(view, &line->event));
	return sentence ? noise(template_fill(sentence, words_field,
					      &(Words){ view->record, &line->event }))
			: event_words(view->record, line);
}

char *trace_view_told(const TraceView *view, const RecordEvent *event)
{
	g_autofree char *sentence = trace_view_sentence(view, event);

	return g_strdup_printf("CPU%d (%s) %s", view->record->header.actors[event->event.actor].vcpu,
			       record_actor(view->record, &event->event), sentence);
}

const RecordEvent *trace_view_decision(const TraceView *view, guint step)
{
	for (guint i = 0; i < view->record->events->len; i++)
		if (record_event(view->record, i)->number == step + 1)
			return record_event(view->record, i);
	g_assert_not_reached();
}

static void append_cell(GString *text, guint number, int indent, const char *cell, bool mark)
{
	g_autofree char *digits = number ? g_strdup_printf("%u", number) : g_strdup("");

	g_string_append_printf(text, "%c%3s  ", mark ? '>' : ' ', digits);
	g_string_append_printf(text, "%*s%s\n", indent, "", cell);
}

char *interleaving_text(const Record *record, GHashTable *names)
{
	enum { WIDTH = 72, NARROWEST = 20 };
	const TraceHeader *header = &record->header;
	const Violation *found = record_main(record);
	GString *text = g_string_new("      ");
	int width = MAX(WIDTH / header->n_actors, NARROWEST);

	for (int i = 0; i < header->n_actors; i++) {
		g_autofree char *head = g_strdup_printf("CPU%d (%s)", header->actors[i].vcpu,
							header->actors[i].name);
		g_string_append_printf(text, "%-*s", i + 1 < header->n_actors ? width : 0, head);
	}
	g_string_append_c(text, '\n');
	for (guint i = 0; i < record->events->len; i++) {
		const RecordEvent *line = record_event(record, i);
		int indent = line->event.actor * width;
		const char *place = line->line ? trace_view_short_line(line->line) : line->where;
		bool told = event_kind_row(line->event.kind)->place == PLACE_TOLD && place;
		bool marked = found && !found->documented && found->event == (int)i;
		g_autofree char *words = event_words(record, line);
		g_autofree char *did = event_effect(record, names, line);
		g_autofree char *cell = told ? g_strdup_printf("%s  %s", words, place)
					     : g_strdup(words);
		g_autofree char *below = did ? g_strdup_printf("  %s", did) : NULL;

		/* Only decisions have numbers: what follows from one cannot come elsewhere. */
		append_cell(text, line->number, indent, cell, marked);
		if (below)
			append_cell(text, 0, indent, below, false);
	}
	return g_string_free(text, FALSE);
}

char *trace_text(const char *trace)
{
	g_autoptr(Record) record = record_parse(trace, "trace", NULL);

	g_assert(record);
	g_autofree char *events = interleaving_text(record, NULL);
	g_autofree char *violations = violations_text(record->found);
	return g_strconcat(events, violations, NULL);
}

const char *trace_view_short_line(const char *line)
{
	const char *slash = strrchr(line, '/');

	return slash ? slash + 1 : line;
}
