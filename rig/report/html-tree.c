// SPDX-License-Identifier: GPL-2.0-only
#include "report/html.h"

#include <string.h>

/* Beyond that many nodes only branches with a violation are drawn. */
enum { MAX_NODES = 1500 };

typedef struct {
	GString *page;
	const RunData *data;
	char **actors;
	int drawn;
} Drawing;

/* The saved case whose decisions are those of @outcome, or NULL. */
static const Case *case_of(const RunData *data, const Outcome *outcome)
{
	for (guint i = 0; i < data->cases->len; i++) {
		const Case *one = g_ptr_array_index(data->cases, i);

		if (outcome->schedule && strcmp(one->schedule, outcome->schedule) == 0)
			return one;
	}
	return NULL;
}

static void add_end(Drawing *drawing, const Outcome *outcome)
{
	const Case *one = case_of(drawing->data, outcome);
	const char *end = outcome->end == END_CYCLE ? "cut: back at an earlier state"
			  : outcome->end == END_ASLEEP ? "redundant: equivalent to one that was run"
			  : outcome->final_state ? outcome->final_state : "ends";

	html_add(drawing->page, "<li class=\"leaf%s\">", outcome->violates ? " bad"
		 : outcome_documents(outcome) ? " note" : "");
	if (outcome->violates)
		html_add(drawing->page, "<strong>violates %s</strong>: ", outcome->violates);
	else if (outcome_documents(outcome))
		g_string_append(drawing->page, "<strong>documented</strong>: ");
	html_add(drawing->page, "%s", end);
	if (one)
		html_add(drawing->page, " <a href=\"#case-%s\">%s</a>", one->stem, one->stem);
	g_string_append(drawing->page, "</li>");
}

static void add_left_out(Drawing *drawing, const TreeNode *node)
{
	if (thread_set_empty(&node->left_out))
		return;
	g_string_append(drawing->page, "<li class=\"leaf muted\">not taken here:");
	thread_set_foreach(thread, &node->left_out) {
		if (thread_actor(thread) >= (int)g_strv_length(drawing->actors))
			continue;
		g_autofree char *name = tree_thread(thread, drawing->actors);
		html_add(drawing->page, " %s", name);
	}
	g_string_append(drawing->page, run_data_bool(drawing->data, "complete")
			? " (equivalent to a schedule that was run, or out of bound)</li>"
			: " (equivalent, out of bound, or not reached)</li>");
}

static void add_counts(GString *page, const TreeNode *node)
{
	g_string_append_printf(page, "<span class=\"count\">%u schedule%s", node->schedules,
			       node->schedules == 1 ? "" : "s");
	if (node->redundant)
		g_string_append_printf(page, ", %u redundant", node->redundant);
	if (node->violating)
		g_string_append_printf(page, ", <b class=\"bad\">%u violating</b>", node->violating);
	if (node->documented)
		g_string_append_printf(page, ", <b class=\"note\">%u documented</b>",
				       node->documented);
	g_string_append(page, "</span>");
}

static void add_node(Drawing *drawing, const TreeNode *node);

static void add_children(Drawing *drawing, const TreeNode *node)
{
	guint hidden = 0;

	if (node->outcome)
		add_end(drawing, node->outcome);
	add_left_out(drawing, node);
	for (guint i = 0; i < node->children->len; i++) {
		const TreeNode *child = g_ptr_array_index(node->children, i);

		if (drawing->drawn >= MAX_NODES &&
		    (!child->violating || drawing->drawn >= 2 * MAX_NODES))
			hidden += child->schedules;
		else
			add_node(drawing, child);
	}
	if (hidden)
		html_add(drawing->page, "<li class=\"leaf muted\">%u more schedules, not drawn</li>",
			 hidden);
}

/* A chain of decisions without a choice is one node. */
static void add_node(Drawing *drawing, const TreeNode *node)
{
	GString *page = drawing->page;
	g_autofree char *first = tree_describe(node, drawing->actors);
	g_autoptr(GString) rest = g_string_new(NULL);
	guint steps = 1;

	drawing->drawn++;
	for (; node->children->len == 1 && !node->outcome &&
	       thread_set_empty(&node->left_out); steps++) {
		node = g_ptr_array_index(node->children, 0);
		g_autofree char *next = tree_describe(node, drawing->actors);
		html_add(rest, "<li>%s</li>", next);
	}
	html_add(page, "<li><details><summary>%s", first);
	if (steps > 1)
		g_string_append_printf(page, " <span class=\"muted\">and %u more</span>", steps - 1);
	add_counts(page, node);
	g_string_append(page, "</summary>");
	if (rest->len)
		g_string_append_printf(page, "<ol class=\"steps\" start=\"2\">%s</ol>", rest->str);
	g_string_append(page, "<ul>");
	add_children(drawing, node);
	g_string_append(page, "</ul></details></li>\n");
}

void html_tree(GString *page, const RunData *data)
{
	const Case *one = run_data_main(data);
	Drawing drawing = { .page = page, .data = data };

	if (!data->tree || !one) {
		g_string_append(page, "<p>There is no journal in the run folder, so no tree.</p>");
		return;
	}
	const TraceHeader *header = &one->view->record->header;
	char *actors[MAX_ACTORS + 1] = { NULL };
	for (int i = 0; i < header->n_actors; i++)
		actors[i] = (char *)header->actors[i].name;
	drawing.actors = actors;
	g_string_append(page, "<details class=\"tree\" open><summary>the snapshot");
	add_counts(page, data->tree);
	g_string_append(page, "</summary><ul>");
	add_children(&drawing, data->tree);
	g_string_append(page, "</ul></details>\n");
}
