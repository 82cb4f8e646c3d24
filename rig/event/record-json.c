// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace: one JSON object a line.
 *
 *	{"racerig-trace":7,"events":N,"violations":M,"brief"?,"actors":[{"name","vcpu"}],
 *	 "pages":[{"group","guarded_by"?,"scratch"?,"pte","pte_bits","address"?}],
 *	 "ptes":[{"page","view","pte","pte_bits"}],"locks":[…],"words":[…],
 *	 "declared":{"frees_to_scratch"?,"oops"?:{"actor","page"},"succeeds"?}}
 *	{"n","actor","vcpu","kind","event","decision","irq"?,"user"?,"page"?,"view"?,"where"?,"line"?,
 *	 "insn"?,…,"before":[…],"after":[…],"before_bits":[…],"after_bits":[…],"tlb":[[[…]]]}
 *	…
 *	{"end":{"how":done, cycle or cut,"alone"?,
 *	 "actors":[{"state":returned, crashed or waits,"result"?,"fault_page"?,"wait"?:{as in violation.h}}],
 *	 "groups":[{"lives","refcount"?,"mapped","counted"?}],
 *	 "pages":[{"exists","pte","pte_bits","free","reserved","given_up"}],
 *	 "words":[{"group","offset","word"}],"reports"?:[{"program","address","write"}],"splats":[…]}}
 *	{"violation":{…}}		as in violation.h
 *
 * and by kind, instead of …
 *
 *	pte	"access","half"?,"failed"?,"from","to"		from and to: the PTE's value
 *	access	"access","faulted","program"?,"stale"?,"landed"?	landed: the frame it really used
 *		"offset"?,"bytes"?,"stored"?	of a store that landed: where in the page, how much, what
 *	free	"frame","double_free"?
 *	flush	"flush": page, pcid, cr3 or cr4; no "page": all of them
 *	lock, unlock	"lock"
 *	word	"access","word"
 *	destroy	"group"
 *	send	"target"					an actor
 *	return	"result"
 *
 * A view is whose address it is, no "view" the kernel's and from 1 a process's; "ptes" are those of
 * processes that are watched, and guarded_by, locks and words are names.
 * before and after name each watched PTE, the pages' and then those of "ptes", *_bits are its other
 * bits; tlb names the frames that each actor's vCPU may hold by it after the event.  "event" is the
 * event's label in schedules; it, from, to, failed, decision and tlb follow from the rest, and
 * a trace in which they do not is damaged.  So is one that has not as many lines as its header
 * says: what is cut off must not count as clean.  "end" is described in end.h; from "actors" on
 * only of a schedule that is done.  A brief trace has none of what follows from the rest, no
 * vcpu and no place in an event, and may name frames in any order.
 */
#include "event/record.h"

#include <string.h>

#include "event/fields.h"
#include "event/record-parts.h"
#include "event/record-write.h"
#include "util/error.h"
#include "util/u64.h"

static const char *const accesses[] = {
	"none", "read", "write", "cmpxchg", "xchg", "rmw", NULL,
};

/* A PC that only says whose it is, and frame numbers that only say which are the same. */
static const guint64 KERNEL_PC = 0xffffffff80000000, USER_PC = 0x400000;
enum { SCRATCH_PFN = 0x100, FRAME_PFN = 0x1000, ABSENT_PFN = 1 };

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
bool record_read_frame(const char *name, guint64 *ret)
{
	if (!name)
		return false;
	if (g_str_has_prefix(name, "frame ")) {
		if (!read_letters(name + strlen("frame "), ret))
			return false;
		*ret += FRAME_PFN;
		return true;
	}
	for (int group = 0; group < MAX_PAGES; group++) {
		g_autofree char *scratch = group ? g_strdup_printf("scratch %d", group + 1)
						 : g_strdup("scratch");

		if (strcmp(name, scratch) != 0)
			continue;
		*ret = SCRATCH_PFN + group;
		return true;
	}
	return false;
}

bool record_read_pte(const char *name, const char *bits, guint64 *ret)
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
	if (!record_read_frame(name, &pfn) || !pte_present(other))
		return false;
	*ret |= pfn << 12;
	return true;
}

static bool read_actors(TraceHeader *header, JsonArray *actors)
{
	header->n_actors = json_array_get_length(actors);
	for (int i = 0; i < header->n_actors; i++) {
		JsonNode *node = json_array_get_element(actors, i);

		if (!JSON_NODE_HOLDS_OBJECT(node) ||
		    !field_string(json_node_get_object(node), "name", FIELD_REQUIRED,
				  &header->actors[i].name) ||
		    !field_small(json_node_get_object(node), "vcpu", FIELD_REQUIRED, 0, G_MAXINT,
				 &header->actors[i].vcpu))
			return false;
	}
	return true;
}

/* The index of @name among @n names; -1: it is none of them. */
static int index_of(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (g_strcmp0(names[i], name) == 0)
			return i;
	return -1;
}

/* The array @member of names, no two alike. */
static bool read_names(JsonObject *object, const char *member, int max, const char **ret, int *ret_n)
{
	JsonArray *array = NULL;

	if (!field_array(object, member, FIELD_REQUIRED, 0, max, &array))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		ret[i] = field_element(array, i);
		if (!ret[i] || index_of(ret, i, ret[i]) >= 0)
			return false;
	}
	*ret_n = json_array_get_length(array);
	return true;
}

/* One of "ptes", behind the pages' own. */
static bool read_more(TraceHeader *header, int i, JsonNode *node)
{
	JsonObject *more = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	const char *pte = NULL, *bits = NULL;

	return more &&
	       field_small(more, "page", FIELD_REQUIRED, 0, header->n_pages - 1,
			   &header->more[i].page) &&
	       field_small(more, "view", FIELD_REQUIRED, 1, MAX_ACTORS, &header->more[i].view) &&
	       header_slot(header, header->more[i].page, header->more[i].view) < 0 &&
	       field_string(more, "pte", FIELD_REQUIRED, &pte) &&
	       field_string(more, "pte_bits", FIELD_REQUIRED, &bits) &&
	       record_read_pte(pte, bits, &header->ptes[header->n_pages + i]);
}

static bool read_page(TraceHeader *header, int i, JsonNode *node)
{
	JsonObject *page = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	const char *scratch = NULL, *guard = NULL, *pte = NULL, *bits = NULL;
	guint64 pfn = 0;

	if (!page ||
	    !field_small(page, "group", FIELD_REQUIRED, 0, MAX_PAGES - 1, &header->groups[i]) ||
	    !field_string(page, "guarded_by", FIELD_OPTIONAL, &guard) ||
	    !field_string(page, "scratch", FIELD_OPTIONAL, &scratch) ||
	    !field_hex(page, "address", FIELD_OPTIONAL, &header->uaddr[i]) ||
	    !field_string(page, "pte", FIELD_REQUIRED, &pte) ||
	    !field_string(page, "pte_bits", FIELD_REQUIRED, &bits) ||
	    !record_read_pte(pte, bits, &header->ptes[i]) || (scratch && !record_read_frame(scratch, &pfn)))
		return false;
	header->scratch[i] = scratch ? (gint64)pfn : -1;
	header->guards[i] = guard ? index_of(header->locks, header->n_locks, guard) : -1;
	return (!guard || header->guards[i] >= 0) &&
	       (!scratch || pfn == (guint64)(SCRATCH_PFN + header->groups[i]));
}

bool record_read_actor(const TraceHeader *header, JsonObject *object, const char *member, int *ret)
{
	const char *name = NULL;

	if (!field_string(object, member, FIELD_REQUIRED, &name))
		return false;
	for (*ret = 0; *ret < header->n_actors; ++*ret)
		if (g_strcmp0(header->actors[*ret].name, name) == 0)
			return true;
	return false;
}

static JsonObject *member_object(JsonObject *object, const char *name)
{
	JsonNode *node = json_object_get_member(object, name);

	return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static bool read_declared(TraceHeader *header, JsonObject *object)
{
	TraceDeclared *declared = &header->declared;

	*declared = NOTHING_DECLARED;
	if (!object ||
	    !field_bool(object, "frees_to_scratch", FIELD_OPTIONAL, &declared->frees_to_scratch) ||
	    (json_object_has_member(object, "succeeds") &&
	     !record_read_actor(header, object, "succeeds", &declared->succeeds)))
		return false;
	if (!json_object_has_member(object, "oops"))
		return true;
	JsonObject *oops = member_object(object, "oops");

	return oops && record_read_actor(header, oops, "actor", &declared->oops_actor) &&
	       field_small(oops, "page", FIELD_REQUIRED, 0, header->n_pages - 1, &declared->oops_page);
}

/* How many lines a trace says that it has, behind its first. */
typedef struct {
	int events, violations;
} Counts;

static bool read_header(TraceHeader *header, JsonObject *object, bool *ret_brief, Counts *ret_counts)
{
	JsonArray *actors = NULL, *pages = NULL, *more = NULL;
	int version = 0;

	if (!field_small(object, "racerig-trace", FIELD_REQUIRED, RECORD_VERSION, RECORD_VERSION,
			 &version) ||
	    !field_small(object, "events", FIELD_REQUIRED, 0, RECORD_MAX_LINES, &ret_counts->events) ||
	    !field_small(object, "violations", FIELD_REQUIRED, 0, RECORD_MAX_LINES,
			 &ret_counts->violations) ||
	    !field_bool(object, "brief", FIELD_OPTIONAL, ret_brief) ||
	    !field_array(object, "actors", FIELD_REQUIRED, 1, MAX_ACTORS, &actors) ||
	    !field_array(object, "pages", FIELD_REQUIRED, 1, MAX_PAGES, &pages) ||
	    !field_array(object, "ptes", FIELD_REQUIRED, 0, MAX_PTES - 1, &more) ||
	    !read_names(object, "locks", MAX_LOCKS, header->locks, &header->n_locks) ||
	    !read_names(object, "words", MAX_WORDS, header->words, &header->n_words) ||
	    !read_actors(header, actors))
		return false;
	header->n_pages = json_array_get_length(pages);
	if (header->n_pages + json_array_get_length(more) > MAX_PTES)
		return false;
	for (int i = 0; i < header->n_pages; i++)
		if (!read_page(header, i, json_array_get_element(pages, i)))
			return false;
	for (guint i = 0; i < json_array_get_length(more); i++, header->n_more++)
		if (!read_more(header, i, json_array_get_element(more, i)))
			return false;
	return read_declared(header, member_object(object, "declared"));
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
	guint n = header_ptes(&record->header);
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
	    !field_choice(object, "half", FIELD_OPTIONAL, record_halves, &half) ||
	    !field_bool(object, "faulted", FIELD_OPTIONAL, &event->faulted) ||
	    !field_int(object, "program", FIELD_OPTIONAL, 1, G_MAXUINT32, &program) ||
	    !field_bool(object, "stale", FIELD_OPTIONAL, &event->stale) ||
	    !field_string(object, "landed", FIELD_OPTIONAL, &landed) ||
	    (landed && !record_read_frame(landed, &event->landed)) || !read_store(object, event))
		return false;
	event->access = access;
	event->half = half;
	event->program = program;
	return event->page >= 0 && (event->kind != EVENT_PTE || event_slot(event) >= 0);
}

/* One of @n names. */
static bool read_choice(JsonObject *object, const char *member, const char *const *names, int n,
			int *ret)
{
	const char *name = NULL;

	return field_string(object, member, FIELD_REQUIRED, &name) &&
	       (*ret = index_of(names, n, name)) >= 0;
}

static bool read_word(const Record *record, JsonObject *object, Event *event)
{
	int access = ACCESS_NONE;

	if (!field_choice(object, "access", FIELD_REQUIRED, accesses, &access))
		return false;
	event->access = access;
	return read_choice(object, "word", record->header.words, record->header.n_words, &event->word);
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
		if (!field_choice(object, "flush", FIELD_REQUIRED, record_flushes, &flush))
			return false;
		event->flush = flush;
		return true;
	case EVENT_LOCK:
	case EVENT_UNLOCK:
		return read_choice(object, "lock", record->header.locks, record->header.n_locks,
				   &event->lock);
	case EVENT_WORD:
		return read_word(record, object, event);
	case EVENT_DESTROY:
		return field_small(object, "group", FIELD_REQUIRED, 0, MAX_PAGES - 1, &event->group);
	case EVENT_SEND:
		return record_read_actor(&record->header, object, "target", &event->to);
	case EVENT_RETURN:
		return field_int(object, "result", FIELD_REQUIRED, G_MININT64, G_MAXINT64,
				 &event->result);
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
	    !field_small(object, "view", FIELD_OPTIONAL, 1, MAX_ACTORS, &event->view) ||
	    !field_string(object, "where", FIELD_OPTIONAL, &ret->where) ||
	    !field_string(object, "line", FIELD_OPTIONAL, &ret->line) ||
	    !field_string(object, "insn", FIELD_OPTIONAL, &ret->insn) ||
	    !read_ptes(record, object, "before", "before_bits", event->before) ||
	    !read_ptes(record, object, "after", "after_bits", event->after))
		return false;
	event->slot = header_slot(&record->header, event->page, event->view);
	if (!read_by_kind(record, object, event))
		return false;
	event->pc = user ? USER_PC : KERNEL_PC;
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
		"n", "actor", "kind", "irq", "user", "page", "view", "access", "half", "faulted",
		"program", "stale", "landed", "offset", "bytes", "stored", "frame", "double_free",
		"flush", "lock", "word", "group", "target", "result", "before", "after",
		"before_bits", "after_bits", NULL,
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
	if (event->landed && event_uses_kernel_view(event) &&
	    !tlb_may(tlb, event->actor, event->page, event->landed) &&
	    pte_pfn(event->before[event->page]) != event->landed)
		return false;
	tlb_event(tlb, event);
	record_add(record, event, line.where, line.line, line.insn, tlb);
	if (record->brief)
		return is_brief(record, object);
	return is_made(object, record_event_json(record, record->events->len - 1));
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

static bool add_end(Record *record, JsonObject *object)
{
	JsonObject *body = member_object(object, "end");
	End *end = body ? record_read_end(record, body) : NULL;

	if (!end)
		return false;
	record_end(record, end);
	return record->brief || is_made(object, record_end_json(record));
}

static bool read_first(Record *record, Tlb *tlb, JsonObject *object, Counts *counts)
{
	TraceHeader header = { 0 };

	if (!read_header(&header, object, &record->brief, counts))
		return false;
	record->header = header;
	record_begin(record, header.ptes);
	tlb_begin(tlb, header.n_actors, header_ptes(&header), header.ptes);
	return true;
}

/* The header, the events, the end, the violations. */
static bool read_line(Record *record, Tlb *tlb, const char *line, bool first, Counts *counts)
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
	Counts counts = { 0 };
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
