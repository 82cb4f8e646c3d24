// SPDX-License-Identifier: GPL-2.0-only
#include "arch/pte.h"
#include "report/html.h"

#include <stdlib.h>
#include <string.h>

#include "report/violation-text.h"

/* "A" of "frame A", "S" of scratch, "·" of none: what fits into a strip. */
static const char *symbol(const char *value)
{
	if (strcmp(value, "scratch") == 0)
		return "S";
	if (g_str_has_prefix(value, "frame "))
		return value + strlen("frame ");
	return strcmp(value, "none") == 0 ? "\xc2\xb7" : "?";
}

/* Frames beyond the fourth share a colour; their letters differ. */
static void add_class(GString *page, const char *value)
{
	if (strcmp(value, "scratch") == 0)
		g_string_append(page, "scratch");
	else if (g_str_has_prefix(value, "frame "))
		g_string_append_printf(page, "frame%d", (value[strlen("frame ")] - 'A') % 4);
	else
		g_string_append(page, "none");
}

static void add_chip(GString *page, const TraceView *view, const char *value, bool stale)
{
	const char *name = strcmp(value, "none") == 0 ? "empty" : trace_view_name(view, value);

	g_string_append(page, "<span class=\"chip ");
	add_class(page, value);
	html_add(page, "%s\" title=\"%s%s\"><span aria-hidden=\"true\">%s%s</span>"
		       "<span class=\"vh\">%s%s</span></span>", stale ? " stale" : "", name,
		 stale ? ", not what the PTE says" : "", symbol(value), stale ? "!" : "", name,
		 stale ? " (stale)" : "");
}

static void add_pte_cell(GString *page, const TraceView *view, const RecordEvent *line)
{
	const Event *event = &line->event;

	g_string_append(page, "<span class=\"pte\"><span class=\"key\">PTE </span>");
	for (int i = 0; i < view->record->header.n_pages; i++) {
		const char *before = record_pte(view->record, event->before[i]);
		const char *after = record_pte(view->record, event->after[i]);
		const char *changed = strcmp(before, after) != 0 ? " changed" : "";

		html_add(page, "<span class=\"group%s\">", changed);
		add_chip(page, view, after, false);
		g_string_append(page, "</span>");
	}
	g_string_append(page, "</span>");
}

static void add_tlb_cell(GString *page, const TraceView *view, const RecordEvent *line, int lane)
{
	html_add(page, "<span class=\"tlb\"><span class=\"key\">TLB %s </span>",
		 view->record->header.actors[lane].name);
	for (int i = 0; i < view->record->header.n_pages; i++) {
		const char *pte = record_pte(view->record, line->event.after[i]);

		g_string_append(page, "<span class=\"group\">");
		if (!line->tlb.n[lane][i])
			g_string_append(page, "<span class=\"chip none\" title=\"nothing\">"
					      "<span aria-hidden=\"true\">\xc2\xb7</span>"
					      "<span class=\"vh\">nothing</span></span>");
		for (int k = 0; k < line->tlb.n[lane][i]; k++) {
			const char *held =
				record_frame(view->record, pte_pfn(line->tlb.may[lane][i][k]));

			add_chip(page, view, held, strcmp(held, pte) != 0);
		}
		g_string_append(page, "</span>");
	}
	g_string_append(page, "</span>");
}

static void add_row(GString *page, const TraceView *view, const RecordEvent *event)
{
	int lane = event->event.actor;
	g_autofree char *what = event_words(view->record, event);
	g_autofree char *did = event_effect(view->record, view->names, event);

	g_string_append(page, "<span class=\"row\"><span class=\"number\">");
	if (event->number)
		g_string_append_printf(page, "%u", event->number);
	html_add(page, "</span><span class=\"cell\" style=\"--lane:%d\"><span class=\"who\">CPU%d %s"
		       "</span><span class=\"what\">%s%s</span>", lane,
		 view->record->header.actors[lane].vcpu, view->record->header.actors[lane].name,
		 event->event.irq ? "interrupt: " : "", what);
	if (did)
		html_add(page, "<span class=\"did\">%s</span>", did);
	if (event->line)
		html_add(page, "<span class=\"place\">%s</span>", trace_view_short_line(event->line));
	g_string_append(page, "</span><span class=\"strip\">");
	add_pte_cell(page, view, event);
	for (int i = 0; i < view->record->header.n_actors; i++)
		add_tlb_cell(page, view, event, i);
	g_string_append(page, "</span></span>");
}

static void add_value(GString *page, const Case *one, const char *value)
{
	guint64 raw = case_pte(one, value);

	add_chip(page, one->view, value, false);
	html_add(page, " %s", strcmp(value, "none") == 0 ? "empty" : trace_view_name(one->view, value));
	if (raw) {
		g_autofree char *flags = pte_describe(raw);
		html_add(page, "<br><code>%#018" G_GINT64_MODIFIER "x %s</code>", raw, flags);
	}
}

static void add_ptes(GString *page, const Case *one, const Event *event)
{
	const Record *record = one->view->record;

	g_string_append(page, "<table class=\"ptes\"><caption>Page table entries</caption><tr>"
			      "<th scope=\"col\">page</th><th scope=\"col\">before</th>"
			      "<th scope=\"col\">after</th></tr>");
	for (int i = 0; i < record->header.n_pages; i++) {
		g_string_append_printf(page, "<tr><th scope=\"row\">%d</th><td>", i);
		add_value(page, one, record_pte(record, event->before[i]));
		g_string_append(page, "</td><td>");
		add_value(page, one, record_pte(record, event->after[i]));
		g_string_append(page, "</td></tr>");
	}
	g_string_append(page, "</table>");
}

static void add_source(GString *page, const RunData *data, const RecordEvent *event)
{
	if (!event->line || !source_text_line(data->sources, event->line, 0))
		return;
	int number = atoi(strrchr(event->line, ':') + 1);

	html_add(page, "<figure class=\"source\"><figcaption>%s</figcaption><pre tabindex=\"0\" "
		       "aria-label=\"Source around %s\">", event->line, event->line);
	for (int by = -SOURCE_AROUND; by <= SOURCE_AROUND; by++) {
		const char *code = source_text_line(data->sources, event->line, by);

		if (code)
			html_add(page, by ? "<span class=\"ln\">%5d</span> %s\n"
					  : "<mark><span class=\"ln\">%5d</span> %s</mark>\n",
				 number + by, code);
	}
	g_string_append(page, "</pre></figure>");
}

/* The registers before decision @number; NULL: not known. */
static JsonObject *registers(const Case *one, guint number)
{
	JsonNode *node = one->facts ? json_object_get_member(one->facts, "registers") : NULL;
	JsonArray *all = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

	return all && number && number <= json_array_get_length(all)
		? json_array_get_object_element(all, number - 1) : NULL;
}

/* Those before the decision that this vCPU made last; NULL: none. */
static JsonObject *registers_before(const Case *one, const RecordEvent *event)
{
	for (guint i = event->n - 1; i-- > 0;) {
		const RecordEvent *earlier = record_event(one->view->record, i);

		if (earlier->event.actor == event->event.actor && earlier->number)
			return registers(one, earlier->number);
	}
	return NULL;
}

static void add_registers(GString *page, const Case *one, const RecordEvent *event)
{
	JsonObject *now = registers(one, event->number);
	JsonObject *before = registers_before(one, event);
	g_autoptr(GList) names = now ? json_object_get_members(now) : NULL;

	if (!now)
		return;
	html_add(page, "<div class=\"registers\"><p class=\"caption\">Registers of CPU%d before it%s"
		       "</p><dl>", one->view->record->header.actors[event->event.actor].vcpu,
		 before ? "; bold: changed since this CPU's last decision" : "");
	for (GList *name = names; name; name = name->next) {
		const char *value = json_object_get_string_member(now, name->data);
		bool changed = before && strcmp(value, json_object_get_string_member_with_default(
							       before, name->data, value)) != 0;

		html_add(page, changed ? "<div class=\"changed\"><dt>%s</dt><dd>%s</dd></div>"
				       : "<div><dt>%s</dt><dd>%s</dd></div>",
			 (char *)name->data, value);
	}
	g_string_append(page, "</dl></div>");
}

static void add_findings(GString *page, const Record *record, int event)
{
	for (guint i = 0; i < record->found->len; i++) {
		const Violation *found = record_violation(record, i);
		g_autofree char *sentence = violation_text(found);

		if (found->event == event)
			html_add(page, "<p class=\"finding %s\"><strong>%s</strong> %s (%s)</p>",
				 found->documented ? "note" : "bad", found->invariant, sentence,
				 violation_kind_text(found));
	}
}

static void add_event(GString *page, const RunData *data, const Case *one, guint i)
{
	const TraceView *view = one->view;
	const RecordEvent *event = record_event(view->record, i);
	const Violation *first = record_main(view->record);
	int lane = event->event.actor;
	bool marked = first && first->event == (int)i;
	g_autofree char *sentence = trace_view_sentence(view, event);
	g_autofree char *label = record_label(view->record, i);

	html_add(page, "<li class=\"event lane%d%s%s\"><details%s><summary>", lane % 4,
		 event->number ? "" : " follows",
		 !marked ? "" : first->documented ? " note" : " bad", marked ? " open" : "");
	add_row(page, view, event);
	html_add(page, "</summary><div class=\"more\"><p class=\"sentence\">CPU%d (%s) %s.</p>",
		 view->record->header.actors[lane].vcpu, view->record->header.actors[lane].name,
		 sentence);
	add_findings(page, view->record, i);
	if (event->insn)
		html_add(page, "<p class=\"insn\"><code>%s</code> <span class=\"muted\">%s</span></p>",
			 event->insn, label);
	add_ptes(page, one, &event->event);
	add_source(page, data, event);
	add_registers(page, one, event);
	g_string_append(page, "</div></details></li>\n");
}

static void add_legend(GString *page, const TraceView *view)
{
	g_string_append(page, "<p class=\"legend\">Chips: ");
	add_chip(page, view, "none", false);
	g_string_append(page, " empty ");
	add_chip(page, view, "scratch", false);
	g_string_append(page, " the scratch page ");
	for (guint i = 0; i < view->frames->len; i++) {
		const char *frame = g_ptr_array_index(view->frames, i);

		add_chip(page, view, frame, false);
		html_add(page, " %s ", trace_view_name(view, frame));
	}
	g_string_append(page, "<span class=\"chip stale\" aria-hidden=\"true\">!</span> a translation "
			      "that a TLB may hold and the PTE no longer says. PTE and TLB are shown as "
			      "they are after the event.</p>");
}

static void add_heads(GString *page, const TraceHeader *header)
{
	g_string_append(page, "<div class=\"heads\" aria-hidden=\"true\"><span>#</span>");
	for (int lane = 0; lane < header->n_actors; lane++)
		html_add(page, "<span class=\"head lane%d\">CPU%d <b>%s</b></span>", lane % 4,
			 header->actors[lane].vcpu, header->actors[lane].name);
	g_string_append(page, "<span>PTE</span>");
	for (int lane = 0; lane < header->n_actors; lane++)
		html_add(page, "<span>TLB %s</span>", header->actors[lane].name);
	g_string_append(page, "</div>\n");
}

void html_case(GString *page, const RunData *data, const Case *one, bool open)
{
	const TraceView *view = one->view;
	const Violation *first = record_main(view->record);
	g_autofree char *sentence = first ? violation_text(first) : NULL;
	int identical, all;

	html_add(page, "<details class=\"case\" id=\"case-%s\"%s><summary><b>%s</b> <span>%s, %u events, "
		       "%d switch%s</span></summary>\n", one->stem, open ? " open" : "", one->stem,
		 !first ? "violates nothing" : first->documented ? "documented anomaly" : sentence,
		 one->decisions, one->switches, one->switches == 1 ? "" : "es");
	if (case_replays(one, &identical, &all))
		html_add(page, "<p>Replayed %d times, %d identical: trace, registers and memory.</p>",
			 all, identical);
	add_legend(page, view);
	html_add(page, "<div class=\"timeline\" style=\"--lanes:%d;--pages:%d\">\n",
		 view->record->header.n_actors, view->record->header.n_pages);
	add_heads(page, &view->record->header);
	g_string_append(page, "<ol class=\"events\">\n");
	for (guint i = 0; i < view->record->events->len; i++)
		add_event(page, data, one, i);
	g_string_append(page, "</ol>\n</div>\n");
	html_add(page, "<details class=\"text\"><summary>The schedule as a file</summary>"
		       "<pre tabindex=\"0\" aria-label=\"Schedule %s\">%s</pre></details>\n",
		 one->stem, one->schedule);
	g_string_append(page, "</details>\n");
}
