// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace: one JSON object a line.
 *
 *	{"racerig-trace":5,"events":N,"violations":M,"actors":[{"name","vcpu"}],
 *	 "pages":[{"arena","scratch"?,"pte","pte_bits"}]}
 *	{"n","actor","vcpu","kind","event","decision","irq"?,"user"?,"page"?,"where"?,"line"?,"insn"?,
 *	 …,"before":[…],"after":[…],"before_bits":[…],"after_bits":[…],"tlb":[[[…]]]}
 *	…
 *	{"violation":{…}}		as in violation.h
 *
 * and by kind, instead of …
 *
 *	pte	"access","half"?,"failed"?,"from","to"		from and to: the PTE's value
 *	access	"access","faulted","program"?,"stale"?,"landed"?	landed: the frame it really used
 *	free	"frame","double_free"?
 *	flush	"flush": page, pcid, cr3 or cr4; no "page": all of them
 *	send	"target"					an actor
 *	return	"result"
 *
 * before and after name each watched page's PTE, *_bits are its other bits; tlb names the
 * frames that each actor's vCPU may hold, page by page, after the event.  "event" is the
 * event's label in schedules; it, from, to, failed, decision and tlb follow from the rest, and
 * a trace in which they do not is damaged.  So is one that has not as many lines as its header
 * says: what is cut off must not count as clean.
 */
#include "event/record.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"
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

/* A PC that only says whose it is, and frame numbers that only say which are the same. */
static const guint64 KERNEL_PC = 0xffffffff80000000, USER_PC = 0x400000;
enum { SCRATCH_PFN = 0x100, FRAME_PFN = 0x1000, ABSENT_PFN = 1, MAX_LINES = 100000 };

static void append_object(GString *text, JsonObject *object)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	json_node_take_object(node, object);
	g_autofree char *line = json_to_string(node, FALSE);
	g_string_append_printf(text, "%s\n", line);
}

static void add_bits(JsonArray *array, guint64 pte)
{
	g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", pte & ~PTE_PFN_MASK);

	json_array_add_string_element(array, text);
}

static JsonObject *header_json(const Record *record)
{
	const TraceHeader *header = &record->header;
	JsonObject *object = json_object_new();
	JsonArray *actors = json_array_new(), *pages = json_array_new();

	json_object_set_int_member(object, "racerig-trace", RECORD_VERSION);
	json_object_set_int_member(object, "events", record->events->len);
	json_object_set_int_member(object, "violations", record->found->len);
	for (int i = 0; i < header->n_actors; i++) {
		JsonObject *actor = json_object_new();

		json_object_set_string_member(actor, "name", header->actors[i].name);
		json_object_set_int_member(actor, "vcpu", header->actors[i].vcpu);
		json_array_add_object_element(actors, actor);
	}
	for (int i = 0; i < header->n_pages; i++) {
		JsonObject *page = json_object_new();

		json_object_set_int_member(page, "arena", header->arenas[i]);
		if (header->scratch[i] >= 0)
			json_object_set_string_member(page, "scratch",
						      record_frame(record, header->scratch[i]));
		json_object_set_string_member(page, "pte", record_pte(record, header->ptes[i]));
		u64_set_member(page, "pte_bits", header->ptes[i] & ~PTE_PFN_MASK);
		json_array_add_object_element(pages, page);
	}
	json_object_set_array_member(object, "actors", actors);
	json_object_set_array_member(object, "pages", pages);
	return object;
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

static guint program_number(const Record *record, guint32 program)
{
	for (guint i = 0; i < record->programs->len; i++)
		if (g_array_index(record->programs, guint32, i) == program)
			return i + 1;
	return 0;
}

static void add_pte_event(JsonObject *object, const Record *record, const Event *event)
{
	json_add_string(object, "access", access_name(event->access));
	if (event->half)
		json_add_string(object, "half", halves[event->half]);
	if (event_failed(event))
		json_object_set_boolean_member(object, "failed", true);
	json_add_string(object, "from", record_pte(record, event->before[event->page]));
	json_add_string(object, "to", record_pte(record, event->after[event->page]));
}

static void add_access(JsonObject *object, const Record *record, const Event *event)
{
	json_add_string(object, "access", access_name(event->access));
	json_object_set_boolean_member(object, "faulted", event->faulted);
	if (event->faulted && event->program)
		json_object_set_int_member(object, "program",
					   program_number(record, event->program));
	if (event->stale)
		json_object_set_boolean_member(object, "stale", true);
	if (event->landed)
		json_add_string(object, "landed", record_frame(record, event->landed));
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
	if (event->kind == EVENT_FLUSH)
		json_add_string(object, "flush", flushes[event->flush]);
	if (event->kind == EVENT_SEND)
		json_add_string(object, "target", record->header.actors[event->to].name);
	if (event->kind == EVENT_RETURN)
		json_object_set_int_member(object, "result", event->result);
}

static JsonObject *event_json(const Record *record, guint i)
{
	const RecordEvent *line = record_event(record, i);
	const Event *event = &line->event;
	const EventKindRow *row = event_kind_row(event->kind);
	g_autofree char *label = record_label(record, i);
	JsonObject *object = json_object_new();

	json_object_set_int_member(object, "n", line->n);
	json_add_string(object, "actor", record_actor(record, event));
	json_object_set_int_member(object, "vcpu", record->header.actors[event->actor].vcpu);
	json_add_string(object, "kind", row->token);
	json_add_string(object, "event", label);
	json_object_set_boolean_member(object, "decision", event_is_decision(event));
	if (event->irq)
		json_object_set_boolean_member(object, "irq", true);
	if (!event_is_kernel(event))
		json_object_set_boolean_member(object, "user", true);
	if (event->page >= 0)
		json_object_set_int_member(object, "page", event->page);
	if (row->place) {
		json_add_string(object, "where", line->where);
		json_add_string(object, "line", line->line);
		json_add_string(object, "insn", line->insn);
	}
	add_by_kind(object, record, event);
	add_ptes(object, record, "before", "before_bits", event->before);
	add_ptes(object, record, "after", "after_bits", event->after);
	json_object_set_array_member(object, "tlb", tlb_json(record, &line->tlb));
	return object;
}

char *record_json(const Record *record)
{
	GString *text = g_string_new(NULL);

	append_object(text, header_json(record));
	for (guint i = 0; i < record->events->len; i++)
		append_object(text, event_json(record, i));
	for (guint i = 0; i < record->found->len; i++) {
		JsonObject *object = json_object_new();

		json_object_set_object_member(object, "violation",
					      violation_json(record_violation(record, i)));
		append_object(text, object);
	}
	return g_string_free(text, FALSE);
}

/* "frame AB" -> 27; false: no such name. */
static bool read_letters(const char *letters, guint64 *ret)
{
	enum { LONGEST = 4 };
	guint64 number = 0;
	gsize length = strlen(letters);

	if (length < 1 || length > LONGEST)
		return false;
	for (const char *c = letters; *c; c++) {
		if (!g_ascii_isupper(*c))
			return false;
		number = number * 26 + (*c - 'A' + 1);
	}
	*ret = number - 1;
	return true;
}

/* The frame number that we give to @name. */
static bool read_frame(const char *name, guint64 *ret)
{
	if (!name)
		return false;
	if (g_str_has_prefix(name, "frame ")) {
		if (!read_letters(name + strlen("frame "), ret))
			return false;
		*ret += FRAME_PFN;
		return true;
	}
	for (int arena = 0; arena < MAX_PAGES; arena++) {
		g_autofree char *scratch = arena ? g_strdup_printf("scratch %d", arena + 1)
						 : g_strdup("scratch");

		if (strcmp(name, scratch) != 0)
			continue;
		*ret = SCRATCH_PFN + arena;
		return true;
	}
	return false;
}

static bool read_pte(const char *name, const char *bits, guint64 *ret)
{
	guint64 pfn = 0, other;

	if (!name || !u64_parse(bits, &other) || (other & PTE_PFN_MASK))
		return false;
	if (strcmp(name, "none") == 0) {
		*ret = 0;
		return other == 0;
	}
	if (strcmp(name, "not present") == 0) {
		*ret = other | (guint64)ABSENT_PFN << 12;
		return !pte_present(other);
	}
	*ret = other;
	if (!read_frame(name, &pfn) || !pte_present(other))
		return false;
	*ret |= pfn << 12;
	return true;
}

static bool read_actors(TraceHeader *header, const Json *json, GError **error)
{
	JsonArray *actors = NULL;

	if (!json_array_of(json, "actors", 1, MAX_ACTORS, &actors, error))
		return false;
	header->n_actors = json_array_get_length(actors);
	for (int i = 0; i < header->n_actors; i++) {
		const char *name;
		Json actor;

		if (!json_element(json, "actors", actors, i, &actor, error) ||
		    !json_name(&actor, "name", NAME_ACTOR, &name, error) ||
		    !json_small(&actor, "vcpu", 0, MAX_ACTORS - 1, &header->actors[i].vcpu, error))
			return false;
		header->actors[i].name = g_intern_string(name);
		for (int other = 0; other < i; other++)
			if (header->actors[other].name == header->actors[i].name)
				return false;
	}
	return true;
}

static bool read_page(TraceHeader *header, int i, const Json *json, GError **error)
{
	const char *scratch = NULL, *pte = NULL, *bits = NULL;
	guint64 pfn = 0;

	if (!json_small(json, "arena", 0, MAX_PAGES - 1, &header->arenas[i], error) ||
	    !json_maybe_interned(json, "scratch", &scratch, error) ||
	    !json_interned(json, "pte", &pte, error) ||
	    !json_interned(json, "pte_bits", &bits, error) ||
	    !read_pte(pte, bits, &header->ptes[i]) || (scratch && !read_frame(scratch, &pfn)))
		return false;
	header->scratch[i] = scratch ? (gint64)pfn : -1;
	return !scratch || pfn == SCRATCH_PFN + (guint64)header->arenas[i];
}

/* How many lines a trace says that it has, behind its first. */
typedef struct {
	int events, violations;
} Counts;

static bool read_header(TraceHeader *header, const Json *json, Counts *ret_counts, GError **error)
{
	JsonArray *pages = NULL;
	int version = 0;

	if (!json_small(json, "racerig-trace", RECORD_VERSION, RECORD_VERSION, &version, error) ||
	    !json_small(json, "events", 0, MAX_LINES, &ret_counts->events, error) ||
	    !json_small(json, "violations", 0, MAX_LINES, &ret_counts->violations, error) ||
	    !read_actors(header, json, error) ||
	    !json_array_of(json, "pages", 1, MAX_PAGES, &pages, error))
		return false;
	header->n_pages = json_array_get_length(pages);
	for (int i = 0; i < header->n_pages; i++) {
		Json page;

		if (!json_element(json, "pages", pages, i, &page, error) ||
		    !read_page(header, i, &page, error))
			return false;
	}
	return true;
}

static bool read_actor(const Record *record, const Json *json, const char *member, int *ret,
		       GError **error)
{
	const char *name = NULL;

	if (!json_interned(json, member, &name, error))
		return false;
	for (*ret = 0; *ret < record->header.n_actors; ++*ret)
		if (g_strcmp0(record->header.actors[*ret].name, name) == 0)
			return true;
	return false;
}

static bool read_kind(const Json *json, EventKind *ret, GError **error)
{
	const char *token = NULL;

	if (!json_interned(json, "kind", &token, error))
		return false;
	for (*ret = EVENT_NONE + 1; (int)*ret < N_EVENT_KINDS; ++*ret)
		if (g_strcmp0(event_kind_row(*ret)->token, token) == 0)
			return true;
	return false;
}

static bool read_ptes(const Record *record, const Json *json, const char *name,
		      const char *bits, guint64 *ret, GError **error)
{
	guint n = record->header.n_pages;
	JsonArray *names = NULL, *others = NULL;

	if (!json_array_of(json, name, n, n, &names, error) ||
	    !json_array_of(json, bits, n, n, &others, error))
		return false;
	for (guint i = 0; i < n; i++)
		if (!read_pte(json_text_element(names, i), json_text_element(others, i), &ret[i]))
			return false;
	return true;
}

static bool read_access(const Json *json, Event *event, GError **error)
{
	const char *landed = NULL;
	int access = ACCESS_NONE, half = HALF_NONE;
	gint64 program = 0;

	if (!json_choice(json, "access", accesses, &access, error) ||
	    !json_maybe_choice(json, "half", halves, &half, error) ||
	    !json_maybe_bool(json, "faulted", &event->faulted, error) ||
	    !json_maybe_int(json, "program", 1, G_MAXUINT32, &program, error) ||
	    !json_maybe_bool(json, "stale", &event->stale, error) ||
	    !json_maybe_interned(json, "landed", &landed, error) ||
	    (landed && !read_frame(landed, &event->landed)))
		return false;
	event->access = access;
	event->half = half;
	event->program = program;
	return event->page >= 0;
}

static bool read_by_kind(const Record *record, const Json *json, Event *event, GError **error)
{
	const char *frame = NULL;
	int flush = FLUSH_NONE;

	switch (event->kind) {
	case EVENT_PTE:
	case EVENT_ACCESS:
		return read_access(json, event, error);
	case EVENT_FREE:
		return json_interned(json, "frame", &frame, error) &&
		       read_frame(frame, &event->pfn) &&
		       json_maybe_bool(json, "double_free", &event->double_free, error);
	case EVENT_FLUSH:
		if (!json_choice(json, "flush", flushes, &flush, error))
			return false;
		event->flush = flush;
		return true;
	case EVENT_SEND:
		return read_actor(record, json, "target", &event->to, error);
	case EVENT_RETURN:
		return json_int(json, "result", G_MININT64, G_MAXINT64, &event->result, error);
	default:
		return true;
	}
}

static bool read_event(const Record *record, const Json *json, RecordEvent *ret, GError **error)
{
	Event *event = &ret->event;
	bool user = false;

	event->page = -1;
	if (!read_actor(record, json, "actor", &event->actor, error) ||
	    !read_kind(json, &event->kind, error) ||
	    !json_maybe_bool(json, "irq", &event->irq, error) ||
	    !json_maybe_bool(json, "user", &user, error) ||
	    !json_maybe_small(json, "page", 0, record->header.n_pages - 1, &event->page, error) ||
	    !json_maybe_interned(json, "where", &ret->where, error) ||
	    !json_maybe_interned(json, "line", &ret->line, error) ||
	    !json_maybe_interned(json, "insn", &ret->insn, error) ||
	    !read_ptes(record, json, "before", "before_bits", event->before, error) ||
	    !read_ptes(record, json, "after", "after_bits", event->after, error) ||
	    !read_by_kind(record, json, event, error))
		return false;
	event->pc = user ? USER_PC : KERNEL_PC;
	return true;
}

/* What the rest of the line says must follow from it. */
static bool add_event(Record *record, const Json *json, Tlb *tlb, GError **error)
{
	RecordEvent line = { 0 };
	const Event *event = &line.event;

	if (!read_event(record, json, &line, error) || !tlb_has_room(tlb, event->after))
		return false;
	/* What a processor used it may have held. */
	if (event->landed && event_is_kernel(event) &&
	    !tlb_may(tlb, event->actor, event->page, event->landed) &&
	    pte_pfn(event->before[event->page]) != event->landed)
		return false;
	tlb_event(tlb, event);
	record_add(record, event, line.where, line.line, line.insn, tlb);
	g_autoptr(JsonNode) given = json_node_init_object(json_node_alloc(), json->object);
	g_autoptr(JsonNode) made = json_node_new(JSON_NODE_OBJECT);
	json_node_take_object(made, event_json(record, record->events->len - 1));
	return json_node_equal(given, made);
}

static bool add_violation(Record *record, const Json *json, GError **error)
{
	Violation found;
	Json object;

	if (!json_object(json, "violation", &object, error) ||
	    !violation_from_json(&object, &found, error) ||
	    found.event >= (int)record->events->len || found.page >= record->header.n_pages)
		return false;
	record_found(record, &found);
	return true;
}

/* False without an @error: it is JSON, but nothing that can have happened. */
static bool read_line(Record *record, Tlb *tlb, const char *line, const char *place, Counts *counts,
		      GError **error)
{
	g_autoptr(JsonObject) object = json_parse(line, strlen(line), place, error);
	Json json = { object, place };

	if (!object)
		return false;
	if (!record->header.n_actors) {
		TraceHeader header = { 0 };

		if (!read_header(&header, &json, counts, error))
			return false;
		record->header = header;
		record_begin(record, header.ptes);
		tlb_begin(tlb, header.n_actors, header.n_pages, header.ptes);
		return true;
	}
	/* Behind the events come the violations. */
	return json_object_has_member(object, "n") && !record->found->len
		       ? add_event(record, &json, tlb, error) : add_violation(record, &json, error);
}

Record *record_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(Record) record = record_new(&(TraceHeader){ 0 });
	g_autofree Tlb *tlb = g_new0(Tlb, 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", MAX_LINES);
	Counts counts = { 0 };
	int i = 0;

	/* Of an empty text there is no line, and so no header. */
	do {
		g_autofree char *place = g_strdup_printf("%s:%d", name, i + 1);
		g_autoptr(GError) local = NULL;

		if (lines[i] && read_line(record, tlb, lines[i], place, &counts, &local))
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s%s: no racerig trace of version %d; explore again, or take racerig trace",
			    local ? local->message : place, local ? "" : ": nothing that can happen",
			    RECORD_VERSION);
		return NULL;
	} while (lines[++i] && (*lines[i] || lines[i + 1]));
	if ((int)record->events->len == counts.events &&
	    (int)record->found->len == counts.violations)
		return g_steal_pointer(&record);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s:%d: the trace ends after %u events and %u violations, its first line says %d and "
		    "%d; take it again (racerig trace)", name, i, record->events->len,
		    record->found->len, counts.events, counts.violations);
	return NULL;
}
