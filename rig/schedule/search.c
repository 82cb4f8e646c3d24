// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/search.h"

#include <math.h>
#include <string.h>

/* What choosing @thread at @node adds to the bound. */
static int cost_of(const Search *search, guint node, int thread)
{
	if (search->kind == BOUND_NONE || node == 0)
		return 0;
	const Node *before = &g_array_index(search->nodes, Node, node - 1);
	const Node *here = &g_array_index(search->nodes, Node, node);
	int last = before->step.thread;

	return search->kind == BOUND_SWITCHES ? thread_switches(last, thread)
					      : thread_preempts(last, thread, &here->step.enabled);
}

void search_want(Search *search, guint at, int thread)
{
	Node *node = search_node(search, at);

	if (thread < 0 || !thread_set_has(&node->step.enabled, thread) ||
	    thread_set_has(&node->wanted, thread))
		return;
	if (search->kind != BOUND_NONE &&
	    node->cost + cost_of(search, at, thread) > search->bound)
		return;
	thread_set_add(&node->wanted, thread);
	node->queue[node->n_queue++] = thread;
	thread_twins_foreach(twin, thread)
		search_want(search, at, twin);
}

static bool is_open(const Node *node, int thread)
{
	return thread != node->step.thread && !thread_set_has(&node->done, thread) &&
	       !thread_set_has(&node->asleep, thread);
}

/* Whether it is still being found out which subtrees there are, and how large. */
static bool is_survey(const Search *search)
{
	return search->parts > 1 && !search->owner;
}

/* Whether the subtree at hand is explored by somebody else. */
static bool is_elsewhere(const Search *search)
{
	return search->owner && !search->here[search->owner[search->subtree]];
}

/* Take the next choice of the deepest node that has one. */
static bool backtrack(Search *search)
{
	while (search->nodes->len) {
		Node *node = search_node(search, search->nodes->len - 1);

		thread_set_add(&node->done, node->step.thread);
		node->touched[node->step.thread] = node->step.done;
		for (guint i = 0; i < node->n_queue; i++)
			if (is_open(node, node->queue[i])) {
				node->step.thread = node->queue[i];
				return true;
			}
		ThreadSet never = thread_set_without(node->step.enabled, &node->done);
		/* What all parts have in common counts once. */
		if (search->nodes->len > search->split || !search->here || search->here[0])
			search->policy.pruned += thread_set_size(&never);
		g_array_set_size(search->nodes, search->nodes->len - 1);
	}
	return false;
}

/* The plan that takes @thread at node @last and the stack's choices before. */
static Plan *plan_at(Search *search, guint last, int thread, const ThreadSet *asleep)
{
	Plan *plan = plan_new(NULL, 0, REST_STAY);
	const Node *node = search_node(search, last);

	for (guint i = 0; i < last; i++)
		g_byte_array_append(plan->prefix,
				    &(guint8){ search_node(search, i)->step.thread }, 1);
	g_byte_array_append(plan->prefix, &(guint8){ thread }, 1);
	if (search->sleep_sets)
		plan->sleep = *asleep;
	memcpy(plan->touched, node->touched, sizeof(plan->touched));
	/* Foreseen while the node's own choice is still being explored. */
	if (node->step.thread != thread)
		plan->touched[node->step.thread] = node->step.done;
	return plan;
}

typedef struct {
	double weight;
	guint subtree;
} Load;

static gint by_weight(gconstpointer a, gconstpointer b)
{
	const Load *left = a, *right = b;

	if (left->weight != right->weight)
		return left->weight < right->weight ? 1 : -1;
	return left->subtree < right->subtree ? -1 : 1;
}

/* The largest goes first, to whoever has least: the same on every machine. */
static void deal(Search *search)
{
	guint n = search->weights->len;
	g_autoptr(GArray) loads = g_array_sized_new(FALSE, FALSE, sizeof(Load), n);
	g_autofree double *sums = g_new0(double, search->parts);
	double total = 0;

	for (guint i = 0; i < n; i++) {
		Load load = { g_array_index(search->weights, double, i), i };

		total += load.weight;
		g_array_append_val(loads, load);
	}
	g_array_sort(loads, by_weight);
	search->owner = g_new(guint, n);
	for (guint i = 0; i < n; i++) {
		const Load *load = &g_array_index(loads, Load, i);
		guint least = 0;

		for (guint part = 1; part < search->parts; part++)
			if (sums[part] < sums[least])
				least = part;
		sums[least] += load->weight;
		search->owner[load->subtree] = least;
		search->policy.subtrees_here += search->here[least];
	}
	search->policy.subtrees = n;
	search->policy.largest = g_array_index(loads, Load, 0).weight / total;
}

static Plan *first_plan(Search *search)
{
	search->started = true;
	search->subtree = 0;
	search->policy.pruned = 0;
	return plan_new(NULL, 0, REST_STAY);
}

static Plan *next_plan(Search *search)
{
	if (!search->started)
		return first_plan(search);
	if (!backtrack(search)) {
		if (!is_survey(search))
			return NULL;
		deal(search);
		return first_plan(search);
	}
	guint last = search->nodes->len - 1;
	const Node *node = search_node(search, last);
	ThreadSet asleep = thread_set_union(node->asleep, &node->done);
	search->subtree += last < search->split;
	return plan_at(search, last, node->step.thread, &asleep);
}

static Plan *search_next(Policy *policy)
{
	Search *search = (Search *)policy;
	Plan *plan = next_plan(search);

	/* More subtrees than were seen before: their outcomes are not those, and learn() says so. */
	search->lost = search->owner && search->subtree >= search->weights->len;
	if (search->lost)
		search->subtree = 0;
	policy->part = is_survey(search) ? -1 : search->owner ? (int)search->owner[search->subtree] : 0;
	policy->elsewhere = is_survey(search) || is_elsewhere(search);
	return plan;
}

/* How many choices @node has, by what is known so far. */
static int width_of(const Node *node)
{
	int width = 0;

	for (guint i = 0; i < node->n_queue; i++)
		width += !thread_set_has(&node->asleep, node->queue[i]) ||
			 node->queue[i] == node->step.thread;
	return MAX(width, 1);
}

/*
 * How large the subtree looks whose first schedule is on the stack: as many leaves as if all of its
 * schedules had as many choices as this one (Knuth 1975), and of that the square root, since this is the one
 * with the fewest asleep.  docs/scale.md has what the estimate is worth.
 */
static double weight_below(Search *search)
{
	double leaves = 1;

	for (guint i = search->split; i < search->nodes->len && leaves < 1e300; i++)
		leaves *= width_of(search_node(search, i));
	return sqrt(leaves);
}

/* What @outcome shows, put on the stack: all of it, or in another's subtree the first decisions. */
static bool extend(Search *search, const Outcome *outcome)
{
	guint known = search->nodes->len, n = outcome_length(outcome);

	if (outcome->end == END_REFUSED || n < known || search->lost)
		return false;
	for (guint i = 0; i < known; i++) {
		Node *node = search_node(search, i);
		const Step *step = outcome_step(outcome, i);

		if (node->step.thread != step->thread ||
		    !thread_set_equal(&node->step.enabled, &step->enabled))
			return false;
		node->step.done = step->done;
	}
	if (is_elsewhere(search))
		n = MIN(n, search->split);
	for (guint i = known; i < n; i++) {
		Node node = { .step = *outcome_step(outcome, i) };

		thread_set_add(&node.wanted, node.step.thread);
		node.queue[node.n_queue++] = node.step.thread;
		if (i) {
			Node *before = search_node(search, i - 1);

			node.cost = before->cost + cost_of(search, i - 1, before->step.thread);
			ThreadSet asleep = thread_set_union(before->asleep, &before->done);
			if (search->sleep_sets)
				node.asleep = plan_sleep_after(&asleep, before->touched,
							       &before->step);
			memcpy(node.touched, before->touched, sizeof(node.touched));
		}
		g_array_append_val(search->nodes, node);
		thread_twins_foreach(twin, node.step.thread)
			search_want(search, i, twin);
		if (i < search->split)
			thread_set_foreach(thread, &node.step.enabled)
				search_want(search, i, thread);
	}
	if (!is_elsewhere(search))
		search->grow(search, outcome);
	return true;
}

/* Forget what is below the first decisions: it is only looked at. */
static void cut(Search *search)
{
	if (is_survey(search) && search->nodes->len > search->split)
		g_array_set_size(search->nodes, search->split);
}

static bool search_learn(Policy *policy, const Outcome *outcome)
{
	Search *search = (Search *)policy;

	if (!extend(search, outcome))
		return false;
	if (is_survey(search)) {
		double weight = weight_below(search);

		g_array_append_val(search->weights, weight);
		cut(search);
	}
	policy->frontier = 0;
	for (guint i = 0; i < search->nodes->len; i++) {
		const Node *node = search_node(search, i);

		for (guint j = 0; j < node->n_queue; j++)
			policy->frontier += is_open(node, node->queue[j]);
	}
	return true;
}

typedef struct {
	PolicyKnown *known;
	gpointer data;
	Plan **plans;
	guint n, max;
} Foresight;

static void foresee(Search *search, Foresight *ret);

/* What will be asked for below @thread at node @last, whose first schedule is @outcome. */
static void foresee_below(const Search *search, guint last, int thread, const ThreadSet *done,
			  const Outcome *outcome, Foresight *ret)
{
	Search below = *search;
	Node *node;

	below.nodes = g_array_sized_new(FALSE, TRUE, sizeof(Node), outcome_length(outcome));
	g_array_append_vals(below.nodes, search->nodes->data, last + 1);
	node = search_node(&below, last);
	node->touched[node->step.thread] = node->step.done;
	node->done = thread_set_union(node->done, done);
	node->step.thread = thread;
	if (extend(&below, outcome)) {
		cut(&below);
		foresee(&below, ret);
	}
	g_array_unref(below.nodes);
}

/*
 * Deepest first.  Of the next subtree it is not known whose it will be.  Where the current choice
 * of a node is not finished yet it will be by the time the next one is asked for.
 */
static void foresee(Search *search, Foresight *ret)
{
	guint first = search->owner ? search->split : 0;

	for (guint i = search->nodes->len; i-- > first && ret->n < ret->max;) {
		Node *node = search_node(search, i);
		ThreadSet done = node->done;

		thread_set_add(&done, node->step.thread);
		for (guint j = 0; j < node->n_queue && ret->n < ret->max; j++) {
			int thread = node->queue[j];

			if (!is_open(node, thread))
				continue;
			ThreadSet asleep = thread_set_union(node->asleep, &done);
			g_autoptr(Plan) plan = plan_at(search, i, thread, &asleep);
			const Outcome *outcome = ret->known(ret->data, plan);
			if (outcome) {
				foresee_below(search, i, thread, &done, outcome, ret);
				node->touched[thread] = outcome_step(outcome, i)->done;
			} else {
				ret->plans[ret->n++] = g_steal_pointer(&plan);
			}
			thread_set_add(&done, thread);
		}
	}
}

static guint search_foresee(Policy *policy, PolicyKnown *known, gpointer data, Plan **ret,
			    guint n)
{
	Foresight foresight = { known, data, ret, 0, n };

	foresee((Search *)policy, &foresight);
	return foresight.n;
}

/* Knuth, "Estimating the efficiency of backtrack programs", 1975, summed over the leaves. */
static double search_fraction(Policy *policy)
{
	Search *search = (Search *)policy;
	double weight = 1, fraction = 0;

	for (guint i = 0; i < search->nodes->len; i++) {
		const Node *node = search_node(search, i);
		int width = width_of(node), done = 0;

		for (guint j = 0; j < node->n_queue; j++)
			done += thread_set_has(&node->done, node->queue[j]);
		fraction += weight * done / width;
		weight /= width;
	}
	return MIN(fraction + weight, 1);
}

static void search_free(Policy *policy)
{
	Search *search = (Search *)policy;

	g_array_unref(search->nodes);
	g_clear_pointer(&search->weights, g_array_unref);
	g_free(search->here);
	g_free(search->owner);
	g_free(search);
}

void search_init(Search *search, const char *name,
		 void (*grow)(Search *, const Outcome *), BoundKind kind, int bound)
{
	search->policy = (Policy){
		.name = name, .next = search_next, .learn = search_learn,
		.foresee = search_foresee, .fraction = search_fraction, .free = search_free,
	};
	search->grow = grow;
	search->kind = kind;
	search->bound = bound;
	search->nodes = g_array_new(FALSE, TRUE, sizeof(Node));
}
