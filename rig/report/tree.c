// SPDX-License-Identifier: GPL-2.0-only
#include "report/tree.h"

#include "util/noise.h"

static TreeNode *node_new(int thread)
{
	TreeNode *node = g_new0(TreeNode, 1);

	node->thread = thread;
	node->children = g_ptr_array_new_with_free_func((GDestroyNotify)tree_free);
	return node;
}

void tree_free(TreeNode *node)
{
	if (!node)
		return;
	g_ptr_array_unref(node->children);
	g_free(node);
}

static void count(TreeNode *node, const Outcome *outcome)
{
	bool redundant = outcome->end == END_ASLEEP && !outcome->violates;

	node->redundant += redundant;
	node->schedules += !redundant;
	node->violating += outcome->violates != NULL;
	node->documented += !outcome->violates && outcome_documents(outcome);
	node->circles += outcome->end == END_CIRCLE;
}

static TreeNode *child_of(TreeNode *node, int thread)
{
	guint i;

	for (i = 0; i < node->children->len; i++) {
		TreeNode *child = g_ptr_array_index(node->children, i);

		if (child->thread == thread)
			return child;
		if (child->thread > thread)
			break;
	}
	TreeNode *child = node_new(thread);
	g_ptr_array_insert(node->children, i, child);
	return child;
}

static void add(TreeNode *root, const Outcome *outcome)
{
	TreeNode *node = root;

	count(node, outcome);
	for (guint i = 0; i < outcome_length(outcome); i++) {
		const Step *step = outcome_step(outcome, i);

		node->left_out |= step->enabled;
		node = child_of(node, step->thread);
		node->done = step->done;
		count(node, outcome);
	}
	node->outcome = outcome;
}

static void take_out_chosen(TreeNode *node)
{
	for (guint i = 0; i < node->children->len; i++) {
		TreeNode *child = g_ptr_array_index(node->children, i);

		node->left_out &= ~(1u << child->thread);
		take_out_chosen(child);
	}
}

TreeNode *tree_new(const GPtrArray *outcomes)
{
	TreeNode *root = node_new(-1);

	for (guint i = 0; i < outcomes->len; i++)
		add(root, g_ptr_array_index(outcomes, i));
	take_out_chosen(root);
	return root;
}

static void append_objects(GString *text, const char *verb, guint32 objects)
{
	const char *comma = "";

	if (!objects)
		return;
	g_string_append_printf(text, "%s%s ", text->len ? ", " : "", verb);
	for (int bit = 0; bit < 32; bit++) {
		if (!(objects & (1u << bit)))
			continue;
		g_string_append(text, comma);
		comma = " + ";
		if (bit < OBJECT_DATA)
			g_string_append_printf(text, "PTE %d", bit - OBJECT_PTE);
		else if (bit == OBJECT_DATA)
			g_string_append(text, "page data");
		else if (bit < OBJECT_TLB)
			g_string_append(text, "the lock");
		else if (bit < OBJECT_IRQ)
			g_string_append_printf(text, "TLB of CPU%d", bit - OBJECT_TLB);
		else
			g_string_append_printf(text, "interrupts of CPU%d", bit - OBJECT_IRQ);
	}
}

char *tree_thread(int thread, char **actors)
{
	return g_strconcat(actors[thread_actor(thread)],
			   thread_is_irq(thread) ? " (interrupt)"
			   : thread_is_evict(thread) ? " (TLB drops)" : "", NULL);
}

char *tree_describe(const TreeNode *node, char **actors)
{
	g_autoptr(GString) did = g_string_new(NULL);
	guint32 locks = node->done.writes & OBJECTS_LOCKS;
	g_autofree char *thread = tree_thread(node->thread, actors);

	if (locks & node->done.acquires)
		g_string_append(did, "takes the lock");
	append_objects(did, "changes", node->done.writes & ~OBJECTS_LOCKS);
	append_objects(did, "reads", node->done.reads & ~node->done.writes);
	if (locks & ~node->done.acquires)
		g_string_append_printf(did, "%sreleases the lock", did->len ? ", " : "");
	return noise(g_strdup_printf("%s: %s", thread, did->len ? did->str : "goes on"));
}
