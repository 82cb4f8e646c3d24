// SPDX-License-Identifier: GPL-2.0-only
#include "event/record-write.h"

#include "event/record-parts.h"
#include "util/json.h"
#include "util/u64.h"

const char *const record_halves[] = {
	[HALF_NONE] = "none", [HALF_LOAD] = "load", [HALF_STORE] = "store", NULL,
};

/* What the target of an event of each kind is called. */
static const char *const target_members[N_EVENT_KINDS] = {
	[EVENT_SEND] = "target", [EVENT_LOCK] = "lock", [EVENT_UNLOCK] = "lock", [EVENT_WORD] = "word",
	[EVENT_HOLD] = "lock", [EVENT_CALL] = "call",
};

static void append_object(GString *text, JsonObject *object)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, object);
	g_autofree char *line = json_to_string(node, FALSE);
	g_string_append_printf(text, "%s\n", line);
}

char *record_bits(guint64 pte)
{
	return g_strdup_printf("0x%" G_GINT64_MODIFIER "x", pte_bits(pte));
}

static void add_bits(JsonArray *array, guint64 pte)
{
	g_autofree char *text = record_bits(pte);

	json_array_add_string_element(array, text);
}

static JsonArray *names_json(const char *const *names, int n)
{
	JsonArray *array = json_array_new();

	for (int i = 0; i < n; i++)
		json_array_add_string_element(array, names[i]);
	return array;
}

/* The PTEs that are watched besides the pages' own. */
static JsonArray *more_json(const Record *record)
{
	const TraceHeader *header = &record->header;
	JsonArray *array = json_array_new();

	for (int i = 0; i < header->n_more; i++) {
		guint64 pte = header->ptes[header->n_pages + i];
		JsonObject *object = json_object_new();

		json_object_set_int_member(object, "page", header->more[i].page);
		json_object_set_int_member(object, "view", header->more[i].view);
		json_object_set_string_member(object, "pte", record_pte(record, pte));
		u64_set_member(object, "pte_bits", pte_bits(pte));
		json_array_add_object_element(array, object);
	}
	return array;
}

static JsonObject *declared_json(const TraceHeader *header)
{
	const TraceDeclared *declared = &header->declared;
	JsonObject *object = json_object_new();

	if (declared->frees_to_scratch)
		json_object_set_boolean_member(object, "frees_to_scratch", true);
	if (declared->oops_actor >= 0) {
		JsonObject *oops = json_object_new();

		json_add_string(oops, "actor", header->actors[declared->oops_actor].name);
		json_object_set_int_member(oops, "page", declared->oops_page);
		json_object_set_object_member(object, "oops", oops);
	}
	if (declared->succeeds >= 0)
		json_add_string(object, "succeeds", header->actors[declared->succeeds].name);
	return object;
}

static JsonObject *page_json(const Record *record, int i)
{
	const TraceHeader *header = &record->header;
	JsonObject *page = json_object_new();

	json_object_set_int_member(page, "group", header->groups[i]);
	if (header->guards[i] >= 0)
		json_add_string(page, "guarded_by", header->locks[header->guards[i]]);
	if (header->lazy[i])
		json_object_set_boolean_member(page, "lazy", TRUE);
	if (header->scratch[i] >= 0)
		json_object_set_string_member(page, "scratch", record_frame(record, header->scratch[i]));
	json_object_set_string_member(page, "pte", record_pte(record, header->ptes[i]));
	u64_set_member(page, "pte_bits", pte_bits(header->ptes[i]));
	if (header->uaddr[i])
		u64_set_member(page, "address", header->uaddr[i]);
	return page;
}

static JsonArray *words_json(const TraceHeader *header)
{
	JsonArray *array = json_array_new();

	for (int i = 0; i < header->n_words; i++) {
		JsonObject *word = json_object_new();

		json_add_string(word, "name", header->words[i]);
		if (header->word_guards[i] >= 0)
			json_add_string(word, "guarded_by", header->locks[header->word_guards[i]]);
		if (header->word_views[i])
			json_object_set_int_member(word, "view", header->word_views[i]);
		json_array_add_object_element(array, word);
	}
	return array;
}

static JsonObject *header_json(const Record *record)
{
	const TraceHeader *header = &record->header;
	JsonObject *object = json_object_new();
	JsonArray *actors = json_array_new(), *pages = json_array_new();

	json_object_set_int_member(object, "racerig-trace", RECORD_VERSION);
	json_object_set_int_member(object, "events", record->events->len);
	json_object_set_int_member(object, "violations", record->found->len);
	if (record->brief)
		json_object_set_boolean_member(object, "brief", true);
	if (header->operations) {
		json_add_string(object, "setup", header->setup);
		json_add_string(object, "operations", header->operations);
	}
	for (int i = 0; i < header->n_actors; i++) {
		JsonObject *actor = json_object_new();

		json_object_set_string_member(actor, "name", header->actors[i].name);
		json_object_set_int_member(actor, "vcpu", header->actors[i].vcpu);
		if (header->actors[i].process)
			json_object_set_int_member(actor, "process", header->actors[i].process);
		json_array_add_object_element(actors, actor);
	}
	for (int i = 0; i < header->n_pages; i++)
		json_array_add_object_element(pages, page_json(record, i));
	json_object_set_array_member(object, "actors", actors);
	json_object_set_array_member(object, "pages", pages);
	json_object_set_array_member(object, "ptes", more_json(record));
	json_object_set_array_member(object, "locks", names_json(header->locks, header->n_locks));
	json_object_set_array_member(object, "words", words_json(header));
	if (header->n_failing)
		json_object_set_array_member(object, "failing",
					     names_json(header->failing, header->n_failing));
	json_object_set_object_member(object, "declared", declared_json(header));
	return object;
}

static void add_ptes(JsonObject *object, const Record *record, const char *name, const char *bits,
		     const guint64 *ptes)
{
	JsonArray *names = json_array_new(), *others = json_array_new();

	for (int i = 0; i < header_ptes(&record->header); i++) {
		json_array_add_string_element(names, record_pte(record, ptes[i]));
		add_bits(others, ptes[i]);
	}
	json_object_set_array_member(object, name, names);
	json_object_set_array_member(object, bits, others);
}

/* By actor, then by PTE: the names of the frames. */
static JsonArray *tlb_json(const Record *record, const Tlb *tlb)
{
	JsonArray *actors = json_array_new();

	for (int actor = 0; actor < tlb->n_actors; actor++) {
		JsonArray *slots = json_array_new();

		for (int slot = 0; slot < tlb->n_ptes; slot++) {
			JsonArray *held = json_array_new();

			for (int i = 0; i < tlb->n[actor][slot]; i++)
				json_array_add_string_element(
					held, record_frame(record, pte_pfn(tlb->may[actor][slot][i])));
			json_array_add_array_element(slots, held);
		}
		json_array_add_array_element(actors, slots);
	}
	return actors;
}

static void add_pte_event(JsonObject *object, const Record *record, const Event *event)
{
	json_add_string(object, "access", access_name(event->access));
	if (event->half)
		json_add_string(object, "half", record_halves[event->half]);
	if (record->brief)
		return;
	if (event_failed(event))
		json_object_set_boolean_member(object, "failed", true);
	json_add_string(object, "from", record_pte(record, event->before[event_slot(event)]));
	json_add_string(object, "to", record_pte(record, event->after[event_slot(event)]));
}

static void add_access(JsonObject *object, const Record *record, const Event *event)
{
	json_add_string(object, "access", access_name(event->access));
	json_object_set_boolean_member(object, "faulted", event->faulted);
	if (event->faulted && event->program)
		json_object_set_int_member(object, "program",
					   record_program(record, event->program));
	if (event->stale)
		json_object_set_boolean_member(object, "stale", true);
	if (event->landed)
		json_add_string(object, "landed", record_frame(record, event->landed));
	if (!event->bytes)
		return;
	json_object_set_int_member(object, "offset", event->offset);
	json_object_set_int_member(object, "bytes", event->bytes);
	u64_set_member(object, "stored", event->stored);
}

static void add_by_kind(JsonObject *object, const Record *record, const Event *event)
{
	if (event->kind == EVENT_PTE)
		add_pte_event(object, record, event);
	if (event->kind == EVENT_ACCESS)
		add_access(object, record, event);
	if (event->kind == EVENT_FREE)
		json_add_string(object, "frame", record_frame(record, event->pfn));
	if (event->kind == EVENT_FREE && event->double_free)
		json_object_set_boolean_member(object, "double_free", true);
	if (event->kind == EVENT_FREE && event->lazy)
		json_object_set_int_member(object, "lazy", event->lazy);
	if (event->kind == EVENT_FLUSH)
		json_add_string(object, "flush", FLUSH_NAMES[event->flush]);
	if (event->kind == EVENT_FLUSH && event->root != ROOT_UNKNOWN)
		json_object_set_int_member(object, "root", MAX(event->root, 0));
	if (event->kind == EVENT_WORD)
		json_add_string(object, "access", access_name(event->access));
	if (event->kind == EVENT_WORD && event->lock < 0)
		json_object_set_int_member(object, "count", event->count);
	if (event->kind == EVENT_WORD && event->lockless)
		json_object_set_boolean_member(object, "lockless", true);
	if (event->kind == EVENT_FAIL)
		json_add_string(object, event->gives_up ? "lock" : "call",
				header_target(&record->header, event));
	if (event->kind == EVENT_FAIL && event->leaves)
		json_object_set_boolean_member(object, "leaves", true);
	if (event->kind == EVENT_DESTROY)
		json_object_set_int_member(object, "group", event->group);
	if (target_members[event->kind])
		json_add_string(object, target_members[event->kind],
				 header_target(&record->header, event));
	if (event->kind == EVENT_RETURN)
		json_object_set_int_member(object, "result", event->result);
}

JsonObject *record_event_json(const Record *record, guint i)
{
	const RecordEvent *line = record_event(record, i);
	const Event *event = &line->event;
	const EventKindRow *row = event_kind_row(event->kind);
	bool full = !record->brief;
	g_autofree char *label = full ? record_label(record, i) : NULL;
	JsonObject *object = json_object_new();

	json_object_set_int_member(object, "n", line->n);
	json_add_string(object, "actor", record_actor(record, event));
	if (full)
		json_object_set_int_member(object, "vcpu", record->header.actors[event->actor].vcpu);
	json_add_string(object, "kind", row->token);
	if (full)
		json_add_string(object, "event", label);
	if (full)
		json_object_set_boolean_member(object, "decision", event_is_decision(event));
	if (event->irq)
		json_object_set_boolean_member(object, "irq", true);
	if (!event_is_kernel(event))
		json_object_set_boolean_member(object, "user", true);
	if (event->page >= 0)
		json_object_set_int_member(object, "page", event->page);
	if (event->view)
		json_object_set_int_member(object, "view", event->view);
	if (full && row->place) {
		json_add_string(object, "where", line->where);
		json_add_string(object, "line", line->line);
		json_add_string(object, "insn", line->insn);
	}
	add_by_kind(object, record, event);
	add_ptes(object, record, "before", "before_bits", event->before);
	add_ptes(object, record, "after", "after_bits", event->after);
	if (full)
		json_object_set_array_member(object, "tlb", tlb_json(record, &line->tlb));
	return object;
}

char *record_json(const Record *record)
{
	GString *text = g_string_new(NULL);

	append_object(text, header_json(record));
	for (guint i = 0; i < record->events->len; i++)
		append_object(text, record_event_json(record, i));
	if (record->end)
		append_object(text, record_end_json(record));
	for (guint i = 0; i < record->found->len; i++) {
		JsonObject *object = json_object_new();

		json_object_set_object_member(object, "violation",
					      violation_json(record_violation(record, i)));
		append_object(text, object);
	}
	return g_string_free(text, FALSE);
}
