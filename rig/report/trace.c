// SPDX-License-Identifier: GPL-2.0-only
#include "report/trace.h"

#include <json-glib/json-glib.h>
#include <string.h>

struct Trace {
	const Guest *guest;
	const Stepper *stepper;
	GArray *events;		/* of Event */
	GArray *tlbs;		/* of Tlb: after each of them */
	GArray *frames;		/* guint64: frame numbers in order of appearance */
};

enum { WIDTH = 72 };

Trace *trace_new(const Guest *guest, const Stepper *stepper)
{
	Trace *trace = g_new0(Trace, 1);

	trace->guest = guest;
	trace->stepper = stepper;
	trace->events = g_array_new(FALSE, FALSE, sizeof(Event));
	trace->tlbs = g_array_new(FALSE, FALSE, sizeof(Tlb));
	trace->frames = g_array_new(FALSE, FALSE, sizeof(guint64));
	return trace;
}

void trace_free(Trace *trace)
{
	if (!trace)
		return;
	g_array_unref(trace->events);
	g_array_unref(trace->tlbs);
	g_array_unref(trace->frames);
	g_free(trace);
}

void trace_begin(Trace *trace)
{
	g_array_set_size(trace->events, 0);
	g_array_set_size(trace->tlbs, 0);
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

void trace_add(Trace *trace, const Event *event, const Tlb *tlb)
{
	for (int i = 0; i < trace->guest->n_pages; i++) {
		note_frame(trace, event->before[i]);
		note_frame(trace, event->after[i]);
	}
	g_array_append_val(trace->events, *event);
	g_array_append_val(trace->tlbs, *tlb);
}

/* The arena that the frame of @pte is the scratch page of; -1: none. */
static int scratch_arena(const Trace *trace, guint64 pfn)
{
	for (int i = 0; i < trace->guest->n_pages; i++)
		if (trace->guest->pages[i].scratch_pfn == (gint64)pfn)
			return trace->guest->pages[i].arena;
	return -1;
}

/* "none", "scratch", "frame A", … */
static char *pte_name(const Trace *trace, guint64 pte)
{
	if (!pte)
		return g_strdup("none");
	if (!pte_present(pte))
		return g_strdup("not present");
	int arena = scratch_arena(trace, pte_pfn(pte));
	if (arena >= 0)
		return arena ? g_strdup_printf("scratch %d", arena + 1) : g_strdup("scratch");
	int letter = 'A';
	for (guint i = 0; i < trace->frames->len; i++) {
		guint64 pfn = g_array_index(trace->frames, guint64, i);

		if (pfn == pte_pfn(pte))
			break;
		if (scratch_arena(trace, pfn) < 0)
			letter++;
	}
	return g_strdup_printf("frame %c", letter);
}

static char *frame_name(const Trace *trace, guint64 frame)
{
	return pte_name(trace, frame << 12 | PTE_PRESENT);
}

static const Site *site_of(const Trace *trace, const Event *event)
{
	const Site *site = sites_find(stepper_sites(trace->stepper), event->pc);

	return site && site->where ? site : NULL;
}

char *trace_decision(const Trace *trace, guint n)
{
	for (guint i = 0; i < trace->events->len; i++) {
		const Event *event = &g_array_index(trace->events, Event, i);

		if (event_is_decision(event) && n-- == 0)
			return stepper_event_label(trace->stepper, event);
	}
	return g_strdup("");
}

/* "arena.c:160" and the like: the place, for a column. */
static const char *short_line(const Site *site)
{
	const char *line = site->line ? site->line : site->where;
	const char *slash = strrchr(line, '/');

	return slash ? slash + 1 : line;
}

static void describe_pte(const Trace *trace, const Event *event, char **ret_what, char **ret_did)
{
	static const char *const halves[] = { "", "load half, ", "store half, " };
	g_autofree char *before = pte_name(trace, event->before[event->page]);
	g_autofree char *after = pte_name(trace, event->after[event->page]);
	bool reads = event->access == ACCESS_READ || event->half == HALF_LOAD;
	bool failed = event->access == ACCESS_CMPXCHG &&
		      event->before[event->page] == event->after[event->page];

	*ret_what = g_strdup_printf("%s%s pte %d", halves[event->half],
				    access_name(event->access), event->page);
	*ret_did = reads ? g_strdup_printf("sees %s", before)
		   : failed ? g_strdup_printf("fails: finds %s", before)
			    : g_strdup_printf("%s -> %s", before, after);
}

static void describe_access(const Trace *trace, const Event *event, char **ret_what,
			    char **ret_did)
{
	g_autofree char *after = pte_name(trace, event->after[event->page]);

	*ret_what = g_strdup_printf("%s page %d", event->access == ACCESS_READ ? "load" : "store",
				    event->page);
	if (event->faulted) {
		*ret_did = g_strdup("page fault");
	} else if (!event->landed) {
		*ret_did = g_strdup_printf("its PTE: %s", after);
	} else {
		g_autofree char *frame = frame_name(trace, event->landed);
		bool stale = strcmp(frame, after) != 0;

		*ret_did = g_strdup_printf("%s %s%s",
					   event->access == ACCESS_READ ? "from" : "to", frame,
					   stale ? ": stale" : "");
	}
}

static bool has_site(const Event *event)
{
	return event->kind == EVENT_PTE || event->kind == EVENT_ACCESS ||
	       event->kind == EVENT_LOCK || event->kind == EVENT_MASK;
}

/* The one or two lines an event takes in its column: what, and what it did. */
static void describe(const Trace *trace, const Event *event, char **ret_what, char **ret_did)
{
	*ret_did = NULL;
	switch (event->kind) {
	case EVENT_PTE:
		describe_pte(trace, event, ret_what, ret_did);
		return;
	case EVENT_ACCESS:
		describe_access(trace, event, ret_what, ret_did);
		return;
	case EVENT_MASK:
		*ret_what = g_strdup("masks interrupts");
		return;
	case EVENT_LOCK:
		*ret_what = g_strdup("takes the lock");
		return;
	case EVENT_UNLOCK:
		*ret_what = g_strdup("releases the lock");
		return;
	case EVENT_FREE:
		*ret_what = g_strdup_printf("frees the page that page %d had", event->page);
		return;
	case EVENT_IRQ:
		*ret_what = g_strdup("takes the interrupt");
		return;
	case EVENT_EVICT:
		*ret_what = g_strdup("its TLB forgets what it held");
		return;
	case EVENT_SEND:
		*ret_what = g_strdup_printf("interrupts CPU%u",
					    trace->guest->report.actors[event->to].cpu);
		return;
	case EVENT_FLUSH:
		*ret_what = event->page < 0
			? g_strdup("flushes its whole TLB")
			: g_strdup_printf("flushes page %d from its TLB", event->page);
		return;
	case EVENT_DESTROY:
		*ret_what = g_strdup("takes the arena apart");
		return;
	case EVENT_NONE:
	case EVENT_RETURN:
		*ret_what = g_strdup_printf("returns %" G_GINT64_FORMAT, event->result);
		return;
	}
}

static const char *kind_name(const Event *event)
{
	static const char *const names[] = {
		[EVENT_PTE] = "pte", [EVENT_ACCESS] = "access", [EVENT_MASK] = "mask",
		[EVENT_LOCK] = "lock", [EVENT_FREE] = "free", [EVENT_IRQ] = "irq", [EVENT_EVICT] = "evict",
		[EVENT_UNLOCK] = "unlock", [EVENT_FLUSH] = "flush", [EVENT_SEND] = "send",
		[EVENT_NONE] = "return", [EVENT_RETURN] = "return",
	};

	return names[event->kind];
}

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_string_value(builder, value);
}

static void add_int(JsonBuilder *builder, const char *name, gint64 value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_int_value(builder, value);
}

static void add_bool(JsonBuilder *builder, const char *name, bool value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_boolean_value(builder, value);
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

/* By actor, then by page: the names of the frames. */
static void add_tlb(JsonBuilder *builder, const Trace *trace, const Tlb *tlb)
{
	json_builder_set_member_name(builder, "tlb");
	json_builder_begin_array(builder);
	for (int actor = 0; actor < tlb->n_actors; actor++) {
		json_builder_begin_array(builder);
		for (int page = 0; page < tlb->n_pages; page++) {
			json_builder_begin_array(builder);
			for (int i = 0; i < tlb->n[actor][page]; i++) {
				g_autofree char *name =
					pte_name(trace, tlb->may[actor][page][i].pfn << 12 | PTE_PRESENT);
				json_builder_add_string_value(builder, name);
			}
			json_builder_end_array(builder);
		}
		json_builder_end_array(builder);
	}
	json_builder_end_array(builder);
}

static void append_object(GString *text, JsonBuilder *builder)
{
	g_autoptr(JsonNode) node = json_builder_get_root(builder);
	g_autofree char *line = json_to_string(node, FALSE);

	g_string_append_printf(text, "%s\n", line);
}

static void append_header(const Trace *trace, GString *text)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();

	json_builder_begin_object(builder);
	add_int(builder, "racerig-trace", 3);
	json_builder_set_member_name(builder, "actors");
	json_builder_begin_array(builder);
	for (int i = 0; i < trace->guest->n_actors; i++)
		json_builder_add_string_value(builder, trace->guest->report.actors[i].name);
	json_builder_end_array(builder);
	add_int(builder, "pages", trace->guest->n_pages);
	json_builder_end_object(builder);
	append_object(text, builder);
}

static void add_details(JsonBuilder *builder, const Trace *trace, const Event *event)
{
	const Site *site = site_of(trace, event);
	g_autofree char *what = NULL, *did = NULL;

	describe(trace, event, &what, &did);
	add_string(builder, "what", what);
	if (did)
		add_string(builder, "did", did);
	if (event->irq)
		add_bool(builder, "irq", true);
	if (event->page >= 0)
		add_int(builder, "page", event->page);
	if (site && has_site(event)) {
		add_string(builder, "line", site->line ? site->line : "");
		add_string(builder, "insn", site->insn.text);
	}
	if (event->kind == EVENT_PTE || event->kind == EVENT_ACCESS)
		add_string(builder, "access", access_name(event->access));
	if (event->kind == EVENT_ACCESS)
		add_bool(builder, "faulted", event->faulted);
	if (event->landed) {
		g_autofree char *frame = frame_name(trace, event->landed);

		add_string(builder, "frame", frame);
	}
	if (event->kind == EVENT_RETURN)
		add_int(builder, "result", event->result);
}

static void append_event(const Trace *trace, guint n, GString *text)
{
	const Event *event = &g_array_index(trace->events, Event, n);
	g_autofree char *label = stepper_event_label(trace->stepper, event);
	g_autoptr(JsonBuilder) builder = json_builder_new();

	json_builder_begin_object(builder);
	add_int(builder, "n", n + 1);
	add_string(builder, "actor", trace->guest->report.actors[event->actor].name);
	add_int(builder, "vcpu", trace->guest->report.actors[event->actor].cpu);
	add_string(builder, "kind", kind_name(event));
	add_string(builder, "event", label);
	add_bool(builder, "decision", event_is_decision(event));
	add_details(builder, trace, event);
	add_ptes(builder, trace, "before", event->before);
	add_ptes(builder, trace, "after", event->after);
	add_tlb(builder, trace, &g_array_index(trace->tlbs, Tlb, n));
	json_builder_end_object(builder);
	append_object(text, builder);
}

static void append_finding(GString *text, const char *kind, const Violation *found)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();

	json_builder_begin_object(builder);
	add_string(builder, kind, found->invariant);
	if (found->event >= 0)
		add_int(builder, "event", found->event + 1);
	add_bool(builder, "manifest", !found->possible);
	add_string(builder, "summary", found->summary);
	json_builder_end_object(builder);
	append_object(text, builder);
}

char *trace_json(const Trace *trace, const Check *check)
{
	GString *text = g_string_new(NULL);

	append_header(trace, text);
	for (guint i = 0; i < trace->events->len; i++)
		append_event(trace, i, text);
	for (guint i = 0; i < check->violations->len; i++)
		append_finding(text, "violates", g_ptr_array_index(check->violations, i));
	if (check->documented)
		append_finding(text, "documented",
			       &(Violation){ .invariant = (char *)check->documented_invariant,
					     .summary = check->documented,
					     .event = check->documented_event, .possible = true });
	return g_string_free(text, FALSE);
}

/* Raw PTE values differ from boot to boot, so they are no part of the trace. */
char *trace_frames(const Trace *trace)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < trace->events->len; i++) {
		const Event *event = &g_array_index(trace->events, Event, i);

		for (int j = 0; j < 2 * trace->guest->n_pages; j++) {
			guint64 pte = (j % 2 ? event->after : event->before)[j / 2];
			g_autofree char *name = pte_name(trace, pte);

			if (pte && g_hash_table_add(seen, g_strdup(name)))
				g_string_append_printf(text, "%#" G_GINT64_MODIFIER "x %s\n", pte,
						       name);
		}
	}
	return g_string_free(text, FALSE);
}

static int column_width(const Trace *trace)
{
	return MAX(WIDTH / trace->guest->n_actors, 20);
}

static void append_cell(GString *text, int number, int indent, const char *cell, bool mark)
{
	g_autofree char *digits = number ? g_strdup_printf("%d", number) : g_strdup("");

	g_string_append_printf(text, "%c%3s  ", mark ? '>' : ' ', digits);
	g_string_append_printf(text, "%*s%s\n", indent, "", cell);
}

char *trace_interleaving(const Trace *trace, int marked)
{
	GString *text = g_string_new("      ");
	int width = column_width(trace), number = 0;

	for (int i = 0; i < trace->guest->n_actors; i++) {
		g_autofree char *head = g_strdup_printf("CPU%u (%s)",
							trace->guest->report.actors[i].cpu,
							trace->guest->report.actors[i].name);
		g_string_append_printf(text, "%-*s", i + 1 < trace->guest->n_actors ? width : 0,
				       head);
	}
	g_string_append_c(text, '\n');
	for (guint i = 0; i < trace->events->len; i++) {
		const Event *event = &g_array_index(trace->events, Event, i);
		g_autofree char *what = NULL, *did = NULL;

		describe(trace, event, &what, &did);
		bool place = event->kind == EVENT_PTE || event->kind == EVENT_LOCK;
		g_autofree char *cell = place
			? g_strdup_printf("%s  %s", what, short_line(site_of(trace, event)))
			: g_strdup(what);
		g_autofree char *below = did ? g_strdup_printf("  %s", did) : NULL;
		/* Only decisions have numbers: what follows from one cannot come elsewhere. */
		append_cell(text, event_is_decision(event) ? ++number : 0, event->actor * width,
			    cell, (int)i == marked);
		if (below)
			append_cell(text, 0, event->actor * width, below, false);
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
