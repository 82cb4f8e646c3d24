// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace: one JSON object a line.
 *
 *	{"racerig-trace":11,"events":N,"violations":M,"brief"?,"setup"?,"operations"?,
 *	 "actors":[{"name","vcpu","process"?}],
 *	 "pages":[{"group","guarded_by"?,"lazy"?,"scratch"?,"pte","pte_bits","address"?}],
 *	 "ptes":[{"page","view","pte","pte_bits"}],"locks":[…],"words":[{"name","guarded_by"?,"view"?}],
 *	 "failing"?:[…],
 *	 "declared":{"frees_to_scratch"?,"oops"?:{"actor","page"},"succeeds"?}}
 *	{"n","actor","vcpu","kind","event","decision","irq"?,"user"?,"page"?,"view"?,"where"?,"line"?,
 *	 "insn"?,…,"before":[…],"after":[…],"before_bits":[…],"after_bits":[…],"tlb":[[[…]]]}
 *	…
 *	{"end":{"how":done, cycle or cut,"alone"?,
 *	 "actors":[{"state":returned, crashed or waits,"result"?,"fault_page"?,"wait"?:{as in violation.h}}],
 *	 "groups":[{"lives","refcount"?,"mapped","counted"?}],
 *	 "pages":[{"exists","pte","pte_bits","free","reserved","maybe_reserved"?,"given_up"}],
 *	 "words":[{"group","offset","word"}],"reports"?:[{"program","address","write"}],
 *	 "given_back":[…],"pinned":[…],"splats":[…]}}
 *	{"violation":{…}}		as in violation.h
 *
 * and by kind, instead of …
 *
 *	pte	"access","half"?,"failed"?,"from","to"		from and to: the PTE's value
 *	access	"access","faulted","program"?,"stale"?,"landed"?	landed: the frame it really used
 *		"offset"?,"bytes"?,"stored"?	of a store that landed: where in the page, how much, what
 *	free	"frame","double_free"?,"lazy"?:bits of actors
 *	flush	"flush": of FLUSH_NAMES; no "page": all of them
 *		"root"?	where other tables are walked from here on: the view of their process, 0: none's
 *	lock, unlock, hold	"lock"
 *	call	"call": what may fail
 *	fail	"call", or "lock" where it is given up; "leaves"?: pages, and says so
 *	word	"access","word","lockless"?: by who needs no lock for it, by design
 *		"count"	of a word that is anybody's: what it is then
 *	destroy	"group"
 *	send	"target"					an actor
 *	return	"result"
 *
 * A word that no lock guards is anybody's: it counts references, with a view the users of that process, or
 * is a lock of a process's mappings, which may have several holders.
 * A view is whose address it is, no "view" the kernel's and from 1 a process's; "ptes" are those of
 * processes that are watched; guarded_by, locks and failing are names.
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

#include "event/record-parts.h"
#include "event/record-write.h"
#include "util/error.h"
#include "util/json.h"
#include "util/u64.h"

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

	if (!name || !u64_parse(bits, &other) || pte_bits(other) != other)
		return false;
	if (strcmp(name, "none") == 0) {
		*ret = 0;
		return other == 0;
	}
	if (strcmp(name, "not present") == 0) {
		*ret = pte_of(ABSENT_PFN, other);
		return !pte_present(other);
	}
	if (!record_read_frame(name, &pfn) || !pte_present(other))
		return false;
	*ret = pte_of(pfn, other);
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
		gint64 process = 0;
		Json actor;

		if (!json_element(json, "actors", actors, i, &actor, error) ||
		    !json_name(&actor, "name", NAME_ACTOR, &name, error) ||
		    !json_small(&actor, "vcpu", 0, MAX_ACTORS - 1, &header->actors[i].vcpu, error) ||
		    !json_maybe_int(&actor, "process", 1, MAX_ACTORS - 1, &process, error))
			return false;
		header->actors[i].process = process;
		header->actors[i].name = g_intern_string(name);
		for (int other = 0; other < i; other++)
			if (header->actors[other].name == header->actors[i].name)
				return false;
	}
	return true;
}

/* The index of @name among @n names; -1: it is none of them. */
int record_index_of(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (g_strcmp0(names[i], name) == 0)
			return i;
	return -1;
}

/* The array @member of names, no two alike. */
static bool read_names(const Json *json, const char *member, int max, const char **ret, int *ret_n,
		       GError **error)
{
	JsonArray *array = NULL;

	if (!json_array_of(json, member, 0, max, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		ret[i] = json_text_element(array, i);
		if (!ret[i] || record_index_of(ret, i, ret[i]) >= 0)
			return false;
	}
	*ret_n = json_array_get_length(array);
	return true;
}

/* One of "ptes", behind the pages' own. */
static bool read_more(TraceHeader *header, int i, const Json *json, GError **error)
{
	const char *pte = NULL, *bits = NULL;

	return json_small(json, "page", 0, header->n_pages - 1, &header->more[i].page, error) &&
	       json_small(json, "view", 1, MAX_ACTORS, &header->more[i].view, error) &&
	       header_slot(header, header->more[i].page, header->more[i].view) < 0 &&
	       json_interned(json, "pte", &pte, error) &&
	       json_interned(json, "pte_bits", &bits, error) &&
	       record_read_pte(pte, bits, &header->ptes[header->n_pages + i]);
}

static bool read_page(TraceHeader *header, int i, const Json *json, GError **error)
{
	const char *scratch = NULL, *guard = NULL, *pte = NULL, *bits = NULL;
	guint64 pfn = 0;

	if (!json_small(json, "group", 0, MAX_PAGES - 1, &header->groups[i], error) ||
	    !json_maybe_interned(json, "guarded_by", &guard, error) ||
	    !json_maybe_interned(json, "scratch", &scratch, error) ||
	    !json_maybe_hex(json, "address", &header->uaddr[i], error) ||
	    !json_maybe_bool(json, "lazy", &header->lazy[i], error) ||
	    !json_interned(json, "pte", &pte, error) ||
	    !json_interned(json, "pte_bits", &bits, error) ||
	    !record_read_pte(pte, bits, &header->ptes[i]) ||
	    (scratch && !record_read_frame(scratch, &pfn)))
		return false;
	header->scratch[i] = scratch ? (gint64)pfn : -1;
	header->guards[i] = guard ? record_index_of(header->locks, header->n_locks, guard) : -1;
	return (!guard || header->guards[i] >= 0) &&
	       (!scratch || pfn == SCRATCH_PFN + (guint64)header->groups[i]);
}

/* Behind the locks. */
static bool read_words(TraceHeader *header, const Json *json, GError **error)
{
	JsonArray *words = NULL;
	Json each;

	if (!json_array_of(json, "words", 0, MAX_WORDS, &words, error))
		return false;
	for (guint i = 0; i < json_array_get_length(words); i++, header->n_words++) {
		const char *guard = NULL;

		if (!json_element(json, "words", words, i, &each, error) ||
		    !json_interned(&each, "name", &header->words[i], error) ||
		    record_index_of(header->words, i, header->words[i]) >= 0 ||
		    !json_maybe_interned(&each, "guarded_by", &guard, error) ||
		    !json_maybe_small(&each, "view", 1, MAX_ACTORS, &header->word_views[i], error))
			return false;
		header->word_guards[i] = guard ? record_index_of(header->locks, header->n_locks, guard) : -1;
		if (guard && (header->word_guards[i] < 0 || header->word_views[i]))
			return false;
	}
	return true;
}

bool record_read_actor(const TraceHeader *header, const Json *json, const char *member, int *ret,
		       GError **error)
{
	const char *name = NULL;

	if (!json_interned(json, member, &name, error))
		return false;
	for (*ret = 0; *ret < header->n_actors; ++*ret)
		if (g_strcmp0(header->actors[*ret].name, name) == 0)
			return true;
	return false;
}

static bool read_declared(TraceHeader *header, const Json *json, GError **error)
{
	TraceDeclared *declared = &header->declared;
	Json object, oops;

	*declared = NOTHING_DECLARED;
	if (!json_object(json, "declared", &object, error) ||
	    !json_maybe_bool(&object, "frees_to_scratch", &declared->frees_to_scratch, error) ||
	    (json_has(&object, "succeeds") &&
	     !record_read_actor(header, &object, "succeeds", &declared->succeeds, error)))
		return false;
	if (!json_has(&object, "oops"))
		return true;
	return json_object(&object, "oops", &oops, error) &&
	       record_read_actor(header, &oops, "actor", &declared->oops_actor, error) &&
	       json_small(&oops, "page", 0, header->n_pages - 1, &declared->oops_page, error);
}

/* How many lines a trace says that it has, behind its first. */
typedef struct {
	int events, violations;
} Counts;

static bool read_header(TraceHeader *header, const Json *json, bool *ret_brief, Counts *ret_counts,
			GError **error)
{
	JsonArray *pages = NULL, *more = NULL;
	Json each;
	int version = 0;

	if (!json_small(json, "racerig-trace", RECORD_VERSION, RECORD_VERSION, &version, error) ||
	    !json_small(json, "events", 0, RECORD_MAX_LINES, &ret_counts->events, error) ||
	    !json_small(json, "violations", 0, RECORD_MAX_LINES, &ret_counts->violations, error) ||
	    !json_maybe_bool(json, "brief", ret_brief, error) ||
	    !json_maybe_interned(json, "setup", &header->setup, error) ||
	    !json_maybe_interned(json, "operations", &header->operations, error) ||
	    !json_array_of(json, "pages", 1, MAX_PAGES, &pages, error) ||
	    !json_array_of(json, "ptes", 0, MAX_PTES - 1, &more, error) ||
	    !read_names(json, "locks", MAX_LOCKS, header->locks, &header->n_locks, error) ||
	    !read_words(header, json, error) ||
	    (json_has(json, "failing") && !read_names(json, "failing", MAX_FAILING, header->failing,
						      &header->n_failing, error)) ||
	    !read_actors(header, json, error))
		return false;
	header->n_pages = json_array_get_length(pages);
	if (header->n_pages + json_array_get_length(more) > MAX_PTES)
		return false;
	for (int i = 0; i < header->n_pages; i++)
		if (!json_element(json, "pages", pages, i, &each, error) ||
		    !read_page(header, i, &each, error))
			return false;
	for (guint i = 0; i < json_array_get_length(more); i++, header->n_more++)
		if (!json_element(json, "ptes", more, i, &each, error) ||
		    !read_more(header, i, &each, error))
			return false;
	return read_declared(header, json, error);
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
	guint n = header_ptes(&record->header);
	JsonArray *names = NULL, *others = NULL;

	if (!json_array_of(json, name, n, n, &names, error) ||
	    !json_array_of(json, bits, n, n, &others, error))
		return false;
	for (guint i = 0; i < n; i++)
		if (!record_read_pte(json_text_element(names, i), json_text_element(others, i), &ret[i]))
			return false;
	return true;
}

static bool read_event(const Record *record, const Json *json, RecordEvent *ret, GError **error)
{
	Event *event = &ret->event;
	bool user = false;

	event->page = -1;
	if (!record_read_actor(&record->header, json, "actor", &event->actor, error) ||
	    !read_kind(json, &event->kind, error) ||
	    !json_maybe_bool(json, "irq", &event->irq, error) ||
	    !json_maybe_bool(json, "user", &user, error) ||
	    !json_maybe_small(json, "page", 0, record->header.n_pages - 1, &event->page, error) ||
	    !json_maybe_small(json, "view", 1, MAX_ACTORS, &event->view, error) ||
	    !json_maybe_interned(json, "where", &ret->where, error) ||
	    !json_maybe_interned(json, "line", &ret->line, error) ||
	    !json_maybe_interned(json, "insn", &ret->insn, error) ||
	    !read_ptes(record, json, "before", "before_bits", event->before, error) ||
	    !read_ptes(record, json, "after", "after_bits", event->after, error))
		return false;
	event->slot = header_slot(&record->header, event->page, event->view);
	if (!record_read_by_kind(record, json, event, error))
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
static bool is_brief(const Record *record, const Json *json, GError **error)
{
	static const char *const known[] = {
		"n", "actor", "kind", "irq", "user", "page", "view", "access", "half", "faulted",
		"program", "stale", "landed", "offset", "bytes", "stored", "frame", "double_free", "lazy",
		"flush", "root", "lock", "word", "lockless", "count", "group", "target", "result", "call",
		"leaves", "before", "after", "before_bits", "after_bits", NULL,
	};
	JsonObjectIter iter;
	const char *name;
	int n = 0;

	json_object_iter_init(&iter, json->object);
	while (json_object_iter_next(&iter, &name, NULL))
		if (!g_strv_contains(known, name))
			return false;
	return json_small(json, "n", record->events->len, record->events->len, &n, error);
}

/* What the rest of the line says must follow from it. */
static bool add_event(Record *record, const Json *json, Tlb *tlb, GError **error)
{
	RecordEvent line = { 0 };
	const Event *event = &line.event;

	if (!read_event(record, json, &line, error) || !tlb_has_room(tlb, event->after))
		return false;
	/* What a processor used it may have held. */
	if (event->landed && event_slot(event) >= 0 &&
	    !tlb_may(tlb, event->actor, event_slot(event), event->landed) &&
	    pte_pfn(event->before[event_slot(event)]) != event->landed)
		return false;
	tlb_event(tlb, event);
	record_add(record, event, line.where, line.line, line.insn, tlb);
	if (record->brief)
		return is_brief(record, json, error);
	return is_made(json->object, record_event_json(record, record->events->len - 1));
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

static bool add_end(Record *record, const Json *json, GError **error)
{
	Json body;
	End *end = json_object(json, "end", &body, error) ? record_read_end(record, &body, error) : NULL;

	if (!end)
		return false;
	record_end(record, end);
	return record->brief || is_made(json->object, record_end_json(record));
}

static bool read_first(Record *record, Tlb *tlb, const Json *json, Counts *counts, GError **error)
{
	TraceHeader header = { 0 };

	if (!read_header(&header, json, &record->brief, counts, error))
		return false;
	record->header = header;
	record_begin(record, header.ptes);
	TlbTables tables = header_tables(&header);
	tlb_begin(tlb, header.n_actors, header_ptes(&header), header.ptes, &tables);
	return true;
}

/*
 * The header, the events, the end, the violations.  False without an @error: it is JSON, but
 * nothing that can have happened.
 */
static bool read_line(Record *record, Tlb *tlb, const char *line, const char *place, Counts *counts,
		      GError **error)
{
	g_autoptr(JsonObject) object = json_parse(line, strlen(line), place, error);
	Json json = { object, place };

	if (!object)
		return false;
	if (!record->header.n_actors)
		return read_first(record, tlb, &json, counts, error);
	if (record->end)
		return add_violation(record, &json, error);
	return json_object_has_member(object, "n") ? add_event(record, &json, tlb, error)
						   : add_end(record, &json, error);
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
	if (record->end && (int)record->events->len == counts.events &&
	    (int)record->found->len == counts.violations)
		return g_steal_pointer(&record);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s:%d: the trace ends after %u events and %u violations, its first line says %d and "
		    "%d; take it again (racerig trace)", name, i, record->events->len,
		    record->found->len, counts.events, counts.violations);
	return NULL;
}
