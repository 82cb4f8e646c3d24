// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace: one JSON object a line.
 *
 *	{"racerig-trace":6,"events":N,"violations":M,"brief"?,"actors":[{"name","vcpu"}],
 *	 "pages":[{"arena","scratch"?,"pte","pte_bits","address"?}],
 *	 "declared":{"frees_to_scratch"?,"oops"?:{"actor","page"},"succeeds"?}}
 *	{"n","actor","vcpu","kind","event","decision","irq"?,"user"?,"page"?,"where"?,"line"?,"insn"?,
 *	 …,"before":[…],"after":[…],"before_bits":[…],"after_bits":[…],"tlb":[[[…]]]}
 *	…
 *	{"end":{"how":done, cycle or cut,"alone"?,
 *	 "actors":[{"state":returned, crashed or waits,"result"?,"fault_page"?,"wait"?:{as in violation.h}}],
 *	 "arenas":[{"lives","refcount"?,"mapped","counted"?}],
 *	 "pages":[{"exists","pte","pte_bits","free","reserved","given_up"}],
 *	 "words":[{"arena","offset","word"}],"reports"?:[{"program","address","write"}],"splats":[…]}}
 *	{"violation":{…}}		as in violation.h
 *
 * and by kind, instead of …
 *
 *	pte	"access","half"?,"failed"?,"from","to"		from and to: the PTE's value
 *	access	"access","faulted","program"?,"stale"?,"landed"?	landed: the frame it really used
 *		"offset"?,"bytes"?,"stored"?	of a store that landed: where in the page, how much, what
 *	free	"frame","double_free"?
 *	flush	"flush": page, pcid, cr3 or cr4; no "page": all of them
 *	send	"target"					an actor
 *	return	"result"
 *	destroy	"arena"
 *
 * before and after name each watched page's PTE, *_bits are its other bits; tlb names the
 * frames that each actor's vCPU may hold, page by page, after the event.  "event" is the
 * event's label in schedules; it, from, to, failed, decision and tlb follow from the rest, and
 * a trace in which they do not is damaged.  So is one that has not as many lines as its header
 * says: what is cut off must not count as clean.  "end" is described in end.h; from "actors" on
 * only of a schedule that is done.  A brief trace has none of what follows from the rest, no
 * vcpu and no place in an event, and may name frames in any order.
 */
#include "event/record-parts.h"

#include <string.h>

#include "event/fields.h"
#include "util/error.h"
#include "util/u64.h"

static const char *const halves[] = {
	[HALF_NONE] = "none", [HALF_LOAD] = "load", [HALF_STORE] = "store", NULL,
};

static const char *const flushes[] = {
	[FLUSH_NONE] = "none", [FLUSH_PAGE] = "page", [FLUSH_PCID] = "pcid", [FLUSH_CR3] = "cr3",
	[FLUSH_CR4] = "cr4", NULL,
};

static const char *const accesses[] = {
	"none", "read", "write", "cmpxchg", "xchg", "rmw", NULL,
};

static void append_object(GString *text, JsonObject *object)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, object);
	g_autofree char *line = json_to_string(node, FALSE);
	g_string_append_printf(text, "%s\n", line);
}

static void add_bits(JsonArray *array, guint64 pte)
{
	g_autofree char *text = record_bits(pte);

	json_array_add_string_element(array, text);
}

static void add_ptes(JsonObject *object, const Record *record, const char *name, const char *bits,
		     const guint64 *ptes)
{
	JsonArray *names = json_array_new(), *others = json_array_new();

	for (int i = 0; i < record->header.n_pages; i++) {
		json_array_add_string_element(names, record_pte(record, ptes[i]));
		add_bits(others, ptes[i]);
	}
	json_object_set_array_member(object, name, names);
	json_object_set_array_member(object, bits, others);
}

/* By actor, then by page: the names of the frames. */
static JsonArray *tlb_json(const Record *record, const Tlb *tlb)
{
	JsonArray *actors = json_array_new();

	for (int actor = 0; actor < tlb->n_actors; actor++) {
		JsonArray *pages = json_array_new();

		for (int page = 0; page < tlb->n_pages; page++) {
			JsonArray *held = json_array_new();

			for (int i = 0; i < tlb->n[actor][page]; i++)
				json_array_add_string_element(
					held, record_frame(record, tlb->may[actor][page][i].pfn));
			json_array_add_array_element(pages, held);
		}
		json_array_add_array_element(actors, pages);
	}
	return actors;
}

static void add_pte_event(JsonObject *object, const Record *record, const Event *event)
{
	field_add_string(object, "access", access_name(event->access));
	if (event->half)
		field_add_string(object, "half", halves[event->half]);
	if (record->brief)
		return;
	if (event_failed(event))
		json_object_set_boolean_member(object, "failed", true);
	field_add_string(object, "from", record_pte(record, event->before[event->page]));
	field_add_string(object, "to", record_pte(record, event->after[event->page]));
}

static void add_access(JsonObject *object, const Record *record, const Event *event)
{
	field_add_string(object, "access", access_name(event->access));
	json_object_set_boolean_member(object, "faulted", event->faulted);
	if (event->faulted && event->program)
		json_object_set_int_member(object, "program",
					   record_program(record, event->program));
	if (event->stale)
		json_object_set_boolean_member(object, "stale", true);
	if (event->landed)
		field_add_string(object, "landed", record_frame(record, event->landed));
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
		field_add_string(object, "frame", record_frame(record, event->pfn));
	if (event->kind == EVENT_FREE && event->double_free)
		json_object_set_boolean_member(object, "double_free", true);
	if (event->kind == EVENT_FLUSH)
		field_add_string(object, "flush", flushes[event->flush]);
	if (event->kind == EVENT_SEND)
		field_add_string(object, "target", record->header.actors[event->to].name);
	if (event->kind == EVENT_RETURN)
		json_object_set_int_member(object, "result", event->result);
	if (event->kind == EVENT_DESTROY)
		json_object_set_int_member(object, "arena", event->arena);
}

static JsonObject *event_json(const Record *record, guint i)
{
	const RecordEvent *line = record_event(record, i);
	const Event *event = &line->event;
	const EventKindRow *row = event_kind_row(event->kind);
	bool full = !record->brief;
	g_autofree char *label = full ? record_label(record, i) : NULL;
	JsonObject *object = json_object_new();

	json_object_set_int_member(object, "n", line->n);
	field_add_string(object, "actor", record_actor(record, event));
	if (full)
		json_object_set_int_member(object, "vcpu", record->header.actors[event->actor].vcpu);
	field_add_string(object, "kind", row->token);
	if (full)
		field_add_string(object, "event", label);
	if (full)
		json_object_set_boolean_member(object, "decision", event_is_decision(event));
	if (event->irq)
		json_object_set_boolean_member(object, "irq", true);
	if (!event_is_kernel(event))
		json_object_set_boolean_member(object, "user", true);
	if (event->page >= 0)
		json_object_set_int_member(object, "page", event->page);
	if (full && row->place) {
		field_add_string(object, "where", line->where);
		field_add_string(object, "line", line->line);
		field_add_string(object, "insn", line->insn);
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

	append_object(text, record_header_json(record));
	for (guint i = 0; i < record->events->len; i++)
		append_object(text, event_json(record, i));
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

static bool read_kind(JsonObject *object, EventKind *ret)
{
	const char *token = NULL;

	if (!field_string(object, "kind", FIELD_REQUIRED, &token))
		return false;
	for (*ret = EVENT_NONE + 1; (int)*ret < N_EVENT_KINDS; ++*ret)
		if (g_strcmp0(event_kind_row(*ret)->token, token) == 0)
			return true;
	return false;
}

static bool read_ptes(const Record *record, JsonObject *object, const char *name,
		      const char *bits, guint64 *ret)
{
	guint n = record->header.n_pages;
	JsonArray *names = NULL, *others = NULL;

	if (!field_array(object, name, FIELD_REQUIRED, n, n, &names) ||
	    !field_array(object, bits, FIELD_REQUIRED, n, n, &others))
		return false;
	for (guint i = 0; i < n; i++)
		if (!record_read_pte(field_element(names, i), field_element(others, i), &ret[i]))
			return false;
	return true;
}

/* All of it or nothing, and only of what landed. */
static bool read_store(JsonObject *object, Event *event)
{
	FieldNeed need = json_object_has_member(object, "bytes") ? FIELD_REQUIRED : FIELD_OPTIONAL;

	return field_small(object, "bytes", need, 1, END_WORD_BYTES, &event->bytes) &&
	       field_small(object, "offset", need, 0, END_PAGE_BYTES - MAX(event->bytes, 1),
			   &event->offset) &&
	       field_hex(object, "stored", need, &event->stored) && (!event->bytes || event->landed);
}

static bool read_access(JsonObject *object, Event *event)
{
	const char *landed = NULL;
	int access = ACCESS_NONE, half = HALF_NONE;
	gint64 program = 0;

	if (!field_choice(object, "access", FIELD_REQUIRED, accesses, &access) ||
	    !field_choice(object, "half", FIELD_OPTIONAL, halves, &half) ||
	    !field_bool(object, "faulted", FIELD_OPTIONAL, &event->faulted) ||
	    !field_int(object, "program", FIELD_OPTIONAL, 1, G_MAXUINT32, &program) ||
	    !field_bool(object, "stale", FIELD_OPTIONAL, &event->stale) ||
	    !field_string(object, "landed", FIELD_OPTIONAL, &landed) ||
	    (landed && !record_read_frame(landed, &event->landed)) || !read_store(object, event))
		return false;
	event->access = access;
	event->half = half;
	event->program = program;
	return event->page >= 0;
}

static bool read_by_kind(const Record *record, JsonObject *object, Event *event)
{
	const char *frame = NULL;
	int flush = FLUSH_NONE;

	switch (event->kind) {
	case EVENT_PTE:
	case EVENT_ACCESS:
		return read_access(object, event);
	case EVENT_FREE:
		return field_string(object, "frame", FIELD_REQUIRED, &frame) &&
		       record_read_frame(frame, &event->pfn) &&
		       field_bool(object, "double_free", FIELD_OPTIONAL, &event->double_free);
	case EVENT_FLUSH:
		if (!field_choice(object, "flush", FIELD_REQUIRED, flushes, &flush))
			return false;
		event->flush = flush;
		return true;
	case EVENT_SEND:
		return record_read_actor(&record->header, object, "target", &event->to);
	case EVENT_RETURN:
		return field_int(object, "result", FIELD_REQUIRED, G_MININT64, G_MAXINT64,
				 &event->result);
	case EVENT_DESTROY:
		return field_small(object, "arena", FIELD_REQUIRED, 0, MAX_PAGES - 1, &event->arena);
	default:
		return true;
	}
}

static bool read_event(const Record *record, JsonObject *object, RecordEvent *ret)
{
	Event *event = &ret->event;
	bool user = false;

	event->page = -1;
	if (!record_read_actor(&record->header, object, "actor", &event->actor) ||
	    !read_kind(object, &event->kind) ||
	    !field_bool(object, "irq", FIELD_OPTIONAL, &event->irq) ||
	    !field_bool(object, "user", FIELD_OPTIONAL, &user) ||
	    !field_small(object, "page", FIELD_OPTIONAL, 0, record->header.n_pages - 1,
			 &event->page) ||
	    !field_string(object, "where", FIELD_OPTIONAL, &ret->where) ||
	    !field_string(object, "line", FIELD_OPTIONAL, &ret->line) ||
	    !field_string(object, "insn", FIELD_OPTIONAL, &ret->insn) ||
	    !read_ptes(record, object, "before", "before_bits", event->before) ||
	    !read_ptes(record, object, "after", "after_bits", event->after) ||
	    !read_by_kind(record, object, event))
		return false;
	event->pc = user ? RECORD_USER_PC : RECORD_KERNEL_PC;
	return true;
}

/* Whether @object says what @made, which it takes, does. */
static bool is_made(JsonObject *object, JsonObject *made)
{
	g_autoptr(JsonNode) given = json_node_init_object(json_node_alloc(), object);
	g_autoptr(JsonNode) wanted = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(wanted, made);
	return json_node_equal(given, wanted);
}

/* Nothing in it that nobody reads. */
static bool is_brief(const Record *record, JsonObject *object)
{
	static const char *const known[] = {
		"n", "actor", "kind", "irq", "user", "page", "access", "half", "faulted", "program",
		"stale", "landed", "offset", "bytes", "stored", "frame", "double_free", "flush",
		"target", "result", "arena", "before", "after", "before_bits", "after_bits", NULL,
	};
	JsonObjectIter iter;
	const char *name;
	int n = 0;

	json_object_iter_init(&iter, object);
	while (json_object_iter_next(&iter, &name, NULL))
		if (!g_strv_contains(known, name))
			return false;
	return field_small(object, "n", FIELD_REQUIRED, record->events->len, record->events->len, &n);
}

/* What the rest of the line says must follow from it. */
static bool add_event(Record *record, JsonObject *object, Tlb *tlb)
{
	RecordEvent line = { 0 };
	const Event *event = &line.event;

	if (!read_event(record, object, &line) || !tlb_has_room(tlb, event->after))
		return false;
	/* What a processor used it may have held. */
	if (event->landed && event_is_kernel(event) &&
	    !tlb_may(tlb, event->actor, event->page, event->landed) &&
	    pte_pfn(event->before[event->page]) != event->landed)
		return false;
	tlb_event(tlb, event);
	record_add(record, event, line.where, line.line, line.insn, tlb);
	if (record->brief)
		return is_brief(record, object);
	return is_made(object, event_json(record, record->events->len - 1));
}

static bool add_violation(Record *record, JsonObject *object)
{
	JsonNode *node = json_object_get_member(object, "violation");
	Violation found;

	if (!node || !JSON_NODE_HOLDS_OBJECT(node) ||
	    !violation_from_json(json_node_get_object(node), &found) ||
	    found.event >= (int)record->events->len || found.page >= record->header.n_pages)
		return false;
	record_found(record, &found);
	return true;
}

static JsonObject *member_object(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);

	return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static bool add_end(Record *record, JsonObject *object)
{
	JsonObject *body = member_object(object, "end");
	End *end = body ? record_read_end(record, body) : NULL;

	if (!end)
		return false;
	record_end(record, end);
	return record->brief || is_made(object, record_end_json(record));
}

static bool read_first(Record *record, Tlb *tlb, JsonObject *object, RecordCounts *counts)
{
	TraceHeader header = { 0 };

	if (!record_read_header(object, &header, &record->brief, counts))
		return false;
	record->header = header;
	record_begin(record, header.ptes);
	tlb_begin(tlb, header.n_actors, header.n_pages, header.ptes);
	return true;
}

/* The header, the events, the end, the violations. */
static bool read_line(Record *record, Tlb *tlb, const char *line, bool first, RecordCounts *counts)
{
	g_autoptr(JsonParser) parser = json_parser_new();

	if (!json_parser_load_from_data(parser, line, -1, NULL))
		return false;
	JsonNode *root = json_parser_get_root(parser);
	if (!root || !JSON_NODE_HOLDS_OBJECT(root))
		return false;
	JsonObject *object = json_node_get_object(root);
	if (first)
		return read_first(record, tlb, object, counts);
	if (record->end)
		return add_violation(record, object);
	return json_object_has_member(object, "n") ? add_event(record, object, tlb)
						   : add_end(record, object);
}

Record *record_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(Record) record = record_new(&(TraceHeader){ 0 });
	g_autofree Tlb *tlb = g_new0(Tlb, 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", RECORD_MAX_LINES);
	RecordCounts counts = { 0 };
	int i = 0;

	/* Of an empty text there is no line, and so no header. */
	do {
		if (lines[i] && read_line(record, tlb, lines[i], i == 0, &counts))
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s:%d: no racerig trace of version %d; explore again, or take racerig trace",
			    name, i + 1, RECORD_VERSION);
		return NULL;
	} while (lines[++i] && (*lines[i] || lines[i + 1]));
	if (record->end && (int)record->events->len == counts.events &&
	    (int)record->found->len == counts.violations)
		return g_steal_pointer(&record);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s:%d: the trace ends after %u events and %u violations, its first line says %d and "
		    "%d; take it again (racerig trace)", name, i, record->events->len,
		    record->found->len, counts.events, counts.violations);
	return NULL;
}
