// SPDX-License-Identifier: GPL-2.0-only
#include "explore/merge.h"

#include <string.h>

#include "explore/folder.h"
#include "explore/journal.h"
#include "explore/publish.h"
#include "explore/tally.h"
#include "schedule/policy.h"
#include "util/error.h"
#include "util/json.h"

/* A part of the folders, as far as it has been told. */
typedef struct {
	Journal *journal;	/* NULL: missing */
	JsonObject *verdict;
	int executed;		/* schedules, of those counted so far */
} Part;

/* Whose schedule a number of the whole is, and its number there. */
typedef struct {
	guint part;
	int number;
} Source;

typedef struct {
	const MergeParts *parts;
	const char *out;
	Part *each;
	char *what;		/* what the journal of the whole is for */
	guint first;		/* the first part that is there */
	GArray *origins;	/* of Source, by number of the whole, from 1 */
	GHashTable *again;	/* plan key -> Outcome: what every part has, and will be asked for again */
	int cycle;		/* the part that has its files; -1: none */
	bool *ended;
} Merge;

/* What only the whole can say; all else the parts must agree on. */
static const char *const counted[] = {
	"verdict", "complete", "executed", "pruned", "redundant", "cycles", "cycles_grown",
	"partial", "unsettled", "unsettled_differs", "violating", "documented", "distinct_final_states",
	"final_states", "violations", "accepted", NULL,
};

static bool fail(GError **error, const char *dir, const char *what, const char *fix)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s; %s", dir, what, fix);
	return false;
}

static char *member_text(JsonObject *object, const char *member)
{
	JsonNode *node = json_object_get_member(object, member);

	return node ? json_to_string(node, FALSE) : g_strdup("");
}

static bool same_facts(const Merge *merge, guint part, GError **error)
{
	JsonObject *mine = merge->each[part].verdict, *other = merge->each[merge->first].verdict;
	g_autoptr(GList) members = json_object_get_members(other);

	for (GList *each = members; each; each = each->next) {
		g_autofree char *left = member_text(mine, each->data);
		g_autofree char *right = member_text(other, each->data);

		if (strcmp(each->data, "part") == 0 || g_strv_contains(counted, each->data) ||
		    strcmp(left, right) == 0)
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s/verdict.json: %s is not what it is in %s; these are two explorations",
			    merge->parts->dirs[part], (char *)each->data,
			    merge->parts->dirs[merge->first]);
		return false;
	}
	return true;
}

/* The journal's first line is that of the whole, and which part it is. */
static bool load_part(Merge *merge, guint part, GError **error)
{
	const char *dir = merge->parts->dirs[part];
	g_autofree char *journal = folder_path(dir, "journal");
	g_autofree char *verdict = folder_path(dir, "verdict.json");
	g_autofree char *what = NULL;
	g_autofree char *suffix = g_strdup_printf("/%u/%u", part + 1, merge->parts->n);
	Part *one = &merge->each[part];

	one->journal = journal_load(journal, &what, error);
	one->verdict = one->journal ? json_load(verdict, FILE_FOUND, error) : NULL;
	if (!one->verdict)
		return false;
	if (!g_str_has_suffix(what, suffix))
		return fail(error, journal, "is of another part than shard.json", "run the shard again");
	what[strlen(what) - strlen(suffix)] = '\0';
	if (!merge->what) {
		merge->what = g_steal_pointer(&what);
		merge->first = part;
		return true;
	}
	if (strcmp(what, merge->what) != 0)
		return fail(error, journal, "is not of the exploration that the others are of",
			    "give all shards one kernel, guest, emulator and snapshot");
	return same_facts(merge, part, error);
}

static void drop_parts(Merge *merge)
{
	for (guint i = 0; i < merge->parts->n; i++) {
		g_clear_pointer(&merge->each[i].journal, journal_free);
		g_clear_pointer(&merge->each[i].verdict, json_object_unref);
		merge->each[i].executed = 0;
	}
	g_clear_pointer(&merge->what, g_free);
	g_array_set_size(merge->origins, 0);
	g_hash_table_remove_all(merge->again);
	merge->cycle = -1;
}

static bool load_parts(Merge *merge, GError **error)
{
	drop_parts(merge);
	for (guint i = 0; i < merge->parts->n; i++)
		if (merge->ended[i] && !load_part(merge, i, error))
			return false;
	return merge->what || fail(error, merge->out, "no shard has ended", "run them to their end");
}

/* What all parts have run, from the first that has it. */
static Outcome *take_common(Merge *merge, const char *key)
{
	Outcome *outcome = NULL;

	for (guint i = 0; i < merge->parts->n && !outcome; i++)
		if (merge->ended[i])
			outcome = journal_take(merge->each[i].journal, key);
	return outcome;
}

/* The outcome of the plan at hand, from whose journal it has to be in; *@ret_part lacks it. */
static Outcome *take(Merge *merge, const Policy *policy, const char *key, guint *ret_part)
{
	char *stolen;
	Outcome *outcome;

	*ret_part = MAX(policy->part, 0);
	if (policy->part < 0)
		return take_common(merge, key);
	if (g_hash_table_steal_extended(merge->again, key, (gpointer *)&stolen, (gpointer *)&outcome)) {
		g_free(stolen);
		return outcome;
	}
	return merge->ended[*ret_part] ? journal_take(merge->each[*ret_part].journal, key)
				       : take_common(merge, key);
}

/* Remember where the files of the schedule just counted are. */
static void note_origin(Merge *merge, const Outcome *outcome, guint part, const Verdict *verdict)
{
	if (merge->origins->len == (guint)verdict->executed)
		return;
	Source origin = { part, ++merge->each[part].executed };
	g_array_append_val(merge->origins, origin);
	if (outcome->end == END_CYCLE && !outcome->violates && merge->cycle < 0)
		merge->cycle = part;
}

/* False with no error: *@ret_part lacks an outcome. */
static bool go(Merge *merge, Policy *policy, Tally *tally, Verdict *verdict, Journal *journal,
	       guint *ret_part, GError **error)
{
	Plan *next;

	while ((next = policy->next(policy))) {
		g_autoptr(Plan) plan = next;
		g_autofree char *key = plan_key(plan);
		g_autoptr(Outcome) outcome = take(merge, policy, key, ret_part);

		if (!outcome)
			return false;
		if (!policy->learn(policy, outcome))
			return fail(error, merge->out, "a journal has an outcome that does not go the way "
				    "of its plan", "run the shards again");
		if (policy->part < 0)
			g_hash_table_insert(merge->again, g_steal_pointer(&key), g_steal_pointer(&outcome));
		if (policy->elsewhere)
			continue;
		if (!journal_add(journal, key, outcome, error) || !tally_add(tally, outcome, error))
			return false;
		note_origin(merge, outcome, *ret_part, verdict);
	}
	return true;
}

static bool all_ended(const Merge *merge)
{
	for (guint i = 0; i < merge->parts->n; i++)
		if (!merge->ended[i])
			return false;
	return true;
}

/* Once, with the parts that have ended as far as is known; *@ret_lacks: one has not. */
static bool attempt(Merge *merge, Verdict **ret, bool *ret_lacks, GError **error)
{
	g_autoptr(Verdict) verdict = verdict_new();
	g_autoptr(Tally) tally = tally_new(verdict, merge->out);
	g_autoptr(GError) local = NULL;
	g_autofree char *path = folder_path(merge->out, "journal");
	guint part = 0;

	*ret_lacks = false;
	if (!load_parts(merge, error) || !folder_make(merge->out, false, error))
		return false;
	g_autoptr(Policy) policy =
		policy_dpor_split_new(merge->parts->split, merge->ended, merge->parts->n);
	g_autoptr(Journal) journal = journal_new(path, merge->what, error);
	if (!journal)
		return false;
	if (!go(merge, policy, tally, verdict, journal, &part, &local)) {
		*ret_lacks = !local && merge->ended[part];
		if (local)
			g_propagate_error(error, g_steal_pointer(&local));
		else if (*ret_lacks)
			merge->ended[part] = false;
		else
			fail(error, merge->out, "the journals lack the first decisions of a missing shard",
			     "run the shards again");
		return false;
	}
	verdict->complete = all_ended(merge);
	verdict->pruned = policy->pruned;
	Json first = { merge->each[merge->first].verdict, "verdict.json" };
	const char *scenario, *kernel;
	if (!json_name(&first, "scenario", NAME_SCENARIO, &scenario, error) ||
	    !json_name(&first, "kernel", NAME_KERNEL, &kernel, error))
		return false;
	verdict->scenario = g_strdup(scenario);
	verdict->kernel = g_strdup(kernel);
	JsonNode *controls = json_object_get_member(merge->each[merge->first].verdict, "controls");
	verdict->controls.seen[CONTROL_PTE_LOAD] = controls && JSON_NODE_HOLDS_OBJECT(controls) &&
		json_object_has_member(json_node_get_object(controls), control_name(CONTROL_PTE_LOAD));
	tally_end(tally);
	*ret = g_steal_pointer(&verdict);
	return true;
}

/* verdict.json of the first part, with the counts of the whole. */
static bool write_verdict(const Merge *merge, const Verdict *verdict, GError **error)
{
	JsonObject *base = merge->each[merge->first].verdict;
	g_autofree char *counts = verdict_json(verdict);
	g_autoptr(JsonObject) object = json_parse(counts, strlen(counts), "verdict.json", error);
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

	if (!object)
		return false;
	for (const char *const *member = counted; *member; member++)
		json_object_set_member(base, *member, json_object_dup_member(object, *member));
	json_object_remove_member(base, "part");
	json_node_set_object(node, base);
	g_autofree char *text = json_to_string(node, TRUE);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	return folder_write(merge->out, "verdict.json", line, error);
}

static bool copy(const char *from, const char *source, const char *to, const char *target,
		 GError **error)
{
	g_autofree char *path = folder_path(from, source), *copied = folder_path(to, target);
	gsize len;
	g_autofree char *text = file_read(path, FILE_FOUND, FILE_MAX_BYTES, &len, error);

	return text && g_file_set_contents(copied, text, len, error);
}

/* KIND/STEM of the whole from the part that has it, by whatever number. */
static bool copy_stem(const Merge *merge, const char *folder, const char *stem, const char *suffix,
		      GError **error)
{
	guint64 number = g_ascii_strtoull(stem, NULL, 10);
	guint part = MAX(merge->cycle, 0);
	g_autofree char *there = g_strdup(stem);
	const char *rest = strchr(stem, '-');

	if (number && rest) {
		if (number > merge->origins->len)
			return fail(error, merge->out, "has a schedule that was not counted", "merge again");
		const Source *origin = &g_array_index(merge->origins, Source, number - 1);

		part = origin->part;
		g_free(there);
		there = g_strdup_printf("%04d%s", origin->number, rest);
	}
	g_autofree char *source = g_strdup_printf("%s/%s%s", folder, there, suffix);
	g_autofree char *target = g_strdup_printf("%s/%s%s", folder, stem, suffix);
	return copy(merge->parts->dirs[part], source, merge->out, target, error);
}

static bool copy_facts(gpointer data, const char *stem, GError **error)
{
	return copy_stem(data, "facts", stem, ".json", error);
}

/* What is kept of those that a journal has no texts of. */
static bool copy_clean(const Merge *merge, GError **error)
{
	static const char FIRST[] = "0001-clean";

	/* The first of the whole is the first of its part. */
	if (merge->origins->len) {
		guint part = g_array_index(merge->origins, Source, 0).part;
		g_autofree char *there =
			folder_path(merge->parts->dirs[part], "schedules/0001-clean.sched");

		if (g_file_test(there, G_FILE_TEST_EXISTS) &&
		    (!copy_stem(merge, "schedules", FIRST, ".sched", error) ||
		     !copy_stem(merge, "trace", FIRST, ".jsonl", error)))
			return false;
	}
	return merge->cycle < 0 || (copy_stem(merge, "schedules", "cycle", ".sched", error) &&
				    copy_stem(merge, "trace", "cycle", ".jsonl", error));
}

static bool merge_locked(Merge *merge, Verdict **ret, GError **error)
{
	bool lacks;

	while (!attempt(merge, ret, &lacks, error))
		if (!lacks)
			return false;
	const char *first = merge->parts->dirs[merge->first];
	return copy_clean(merge, error) && write_verdict(merge, *ret, error) &&
	       copy(first, "console.log", merge->out, "console.log", error) &&
	       copy(first, "run.json", merge->out, "run.json", error) &&
	       publish_each(merge->out, copy_facts, merge, error) && publish(merge->out, error);
}

bool explore_merge(const MergeParts *parts, const char *out, bool *ret_ended, Verdict **ret,
		   GError **error)
{
	g_autofree Part *each = g_new0(Part, parts->n);
	g_autoptr(GArray) origins = g_array_new(FALSE, FALSE, sizeof(Source));
	g_autoptr(Verdict) verdict = NULL;
	g_autoptr(GHashTable) again = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							    (GDestroyNotify)outcome_free);
	Merge merge = { parts, out, each, NULL, 0, origins, again, -1, ret_ended };

	for (guint i = 0; i < parts->n; i++)
		ret_ended[i] = parts->dirs[i] != NULL;
	bool ok = folder_may_write(out, error) && folder_lock(out, error) >= 0 &&
		  merge_locked(&merge, &verdict, error);
	drop_parts(&merge);
	*ret = ok ? g_steal_pointer(&verdict) : NULL;
	return ok;
}
