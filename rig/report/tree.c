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
	node->cycles += outcome->end == END_CYCLE;
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

		node->left_out = thread_set_union(node->left_out, &step->enabled);
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

		thread_set_remove(&node->left_out, child->thread);
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

static void append_object(GString *text, Object object)
{
	static const char *const names[] = {
		[OBJECT_PTE] = "PTE", [OBJECT_DATA] = "page's data", [OBJECT_LOCK] = "the lock",
		[OBJECT_TLB] = "TLB of CPU", [OBJECT_IRQ] = "interrupts of CPU",
		[OBJECT_OWNER] = "owner of page", [OBJECT_ALLOCATOR] = "page allocator",
		[OBJECT_EMPTIED] = "count of emptied PTEs", [OBJECT_USER] = "user mappings",
		[OBJECT_WORD] = "guarded word", [OBJECT_REFS] = "references to page",
		[OBJECT_FAILURES] = "failures left",
	};
	ObjectKind kind = object_kind(object);

	G_STATIC_ASSERT(G_N_ELEMENTS(names) == OBJECT_KINDS);
	if (object_index(object) == OBJECT_EACH)
		g_string_append_printf(text, "every %s", names[kind]);
	else if (kind == OBJECT_TLB || kind == OBJECT_IRQ)
		g_string_append_printf(text, "%s%u", names[kind], object_index(object));
	else if (kind == OBJECT_PTE || kind == OBJECT_OWNER || kind == OBJECT_WORD || kind == OBJECT_REFS ||
		 (kind == OBJECT_LOCK && object_index(object)))
		g_string_append_printf(text, "%s %u", names[kind], object_index(object));
	else
		g_string_append(text, names[kind]);
}

/* Locks are told apart from other objects. */
static void append_touched(GString *text, const char *verb, const Footprint *footprint, bool locks,
			   TouchLevel level)
{
	const char *comma = "";

	for (guint i = 0; footprint && i < footprint->n; i++) {
		Touch touch = footprint->touches[i];

		if (touch.level != level || (object_kind(touch.object) == OBJECT_LOCK) != locks)
			continue;
		if (!*comma)
			g_string_append_printf(text, "%s%s ", text->len ? ", " : "", verb);
		g_string_append(text, comma);
		append_object(text, touch.object);
		comma = " + ";
	}
}

char *tree_thread(int thread, char **actors)
{
	int actor = thread_actor(thread);
	g_autofree char *number = g_strdup_printf("actor %d", actor);

	/* A journal beside another trace may have more of them. */
	return g_strconcat(actor < (int)g_strv_length(actors) ? actors[actor] : number,
			   thread_kind(thread) == THREAD_IRQ ? " (interrupt)"
			   : thread_kind(thread) == THREAD_EVICT ? " (TLB drops)"
			   : thread_kind(thread) == THREAD_FAIL ? " (its call fails)" : "", NULL);
}

char *tree_describe(const TreeNode *node, char **actors)
{
	g_autoptr(GString) did = g_string_new(NULL);
	g_autofree char *thread = tree_thread(node->thread, actors);

	append_touched(did, "takes", node->done, true, TOUCH_ACQUIRE);
	append_touched(did, "changes", node->done, false, TOUCH_WRITE);
	append_touched(did, "reads", node->done, false, TOUCH_READ);
	append_touched(did, "releases", node->done, true, TOUCH_WRITE);
	return noise(g_strdup_printf("%s: %s", thread, did->len ? did->str : "goes on"));
}
