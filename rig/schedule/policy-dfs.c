// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stateless depth-first search: every schedule starts from the snapshot and
 * repeats the choices on the stack before it makes new ones (Godefroid, "Model
 * checking for programming languages using VeriSoft", POPL 1997).
 */
#include "schedule/policy.h"

typedef struct {
	unsigned int enabled;	/* who could run here; invariant: the same every time */
	int chosen;
} Choice;

typedef struct {
	Policy policy;
	GArray *stack;		/* of Choice */
	guint depth;		/* choices made in this schedule */
} Dfs;

static void dfs_begin(Policy *policy)
{
	((Dfs *)policy)->depth = 0;
}

static int dfs_choose(Policy *policy, unsigned int enabled)
{
	Dfs *dfs = (Dfs *)policy;

	if (dfs->depth == dfs->stack->len) {
		Choice choice = { enabled, g_bit_nth_lsf(enabled, -1) };

		g_array_append_val(dfs->stack, choice);
	}
	const Choice *choice = &g_array_index(dfs->stack, Choice, dfs->depth++);
	return choice->enabled == enabled ? choice->chosen : -1;
}

static bool dfs_end(Policy *policy)
{
	Dfs *dfs = (Dfs *)policy;

	while (dfs->stack->len) {
		Choice *last = &g_array_index(dfs->stack, Choice, dfs->stack->len - 1);
		int next = g_bit_nth_lsf(last->enabled, last->chosen);

		if (next >= 0) {
			last->chosen = next;
			return true;
		}
		g_array_set_size(dfs->stack, dfs->stack->len - 1);
	}
	return false;
}

static void dfs_free(Policy *policy)
{
	g_array_unref(((Dfs *)policy)->stack);
	g_free(policy);
}

Policy *policy_dfs_new(void)
{
	Dfs *dfs = g_new0(Dfs, 1);

	dfs->policy = (Policy){ "dfs", dfs_begin, dfs_choose, dfs_end, dfs_free };
	dfs->stack = g_array_new(FALSE, FALSE, sizeof(Choice));
	return &dfs->policy;
}
