// SPDX-License-Identifier: GPL-2.0-only
#include "suite/shard.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/expectation.h"
#include "config.h"
#include "explore/folder.h"
#include "explore/session.h"
#include "explore/snapshot.h"
#include "machine/backend.h"
#include "util/error.h"
#include "util/host.h"
#include "util/json.h"
#include "util/paths.h"

static const char FILE_NAME[] = "shard.json";
enum { VERSION = 3 };

/* What all parts have in common, by the name that a reader sees. */
static const char *const common[] = { "version", "machine", "emulator", "group", "costs", "split",
				     "dealt", NULL };
/* The same of a pair. */
static const char *const of_pair[] = { "scenario", "kernel", "bound", "build", "guest", "text",
				      "expected", "kind", "breaks", NULL };

void shard_free(Shard *shard)
{
	if (!shard)
		return;
	g_clear_pointer(&shard->part, g_array_unref);
	g_clear_pointer(&shard->identity, json_object_unref);
	g_clear_pointer(&shard->pairs, json_array_unref);
	g_free(shard);
}

static bool number(const char *text, char end, int *ret, const char **ret_end)
{
	char *after;
	gint64 value = g_ascii_isdigit(*text) ? g_ascii_strtoll(text, &after, 10) : 0;

	if (value < 1 || value > SHARDS_MAX || *after != end)
		return false;
	*ret = value;
	*ret_end = after;
	return true;
}

bool shard_parse(const char *text, int *ret_index, int *ret_count, GError **error)
{
	const char *rest;

	if (number(text, '/', ret_index, &rest) && number(rest + 1, '\0', ret_count, &rest) &&
	    *ret_index <= *ret_count)
		return true;
	g_autofree char *shown = name_shown(text);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "--shard '%s': write I/N, as in 2/3, with I from 1 to N and N at most %d", shown,
		    SHARDS_MAX);
	return false;
}

typedef struct {
	gint64 cost;
	guint pair;
	const Pair *what;
} Load;

static gint by_cost(gconstpointer a, gconstpointer b)
{
	const Load *left = a, *right = b;
	int scenarios = strcmp(left->what->scenario->name, right->what->scenario->name);

	if (left->cost != right->cost)
		return left->cost < right->cost ? 1 : -1;
	return scenarios ? scenarios : strcmp(left->what->kernel->name, right->what->kernel->name);
}

static void deal(Shard *shard, const Selection *selection, const Costs *costs)
{
	g_autoptr(GArray) loads = g_array_new(FALSE, FALSE, sizeof(Load));
	g_autofree gint64 *sums = g_new0(gint64, shard->count);

	shard->part = g_array_new(FALSE, TRUE, sizeof(int));
	g_array_set_size(shard->part, selection->pairs->len);
	for (guint i = 0; i < selection->pairs->len; i++) {
		const Pair *pair = &g_array_index(selection->pairs, Pair, i);
		Load load = { costs_of(costs, pair), i, pair };

		g_array_append_val(loads, load);
	}
	g_array_sort(loads, by_cost);
	for (guint i = 0; i < loads->len; i++) {
		const Load *load = &g_array_index(loads, Load, i);
		int least = 0;

		for (int part = 1; part < shard->count; part++)
			if (sums[part] < sums[least])
				least = part;
		sums[least] += load->cost;
		g_array_index(shard->part, int, load->pair) = least + 1;
	}
}

/* The contents of what @kernel boots, in @sums by its file, which many kernels share. */
static const char *guest_sum(const Kernel *kernel, GHashTable *sums, GError **error)
{
	g_autofree char *path = kernel_guest_file(kernel, "init.cpio");
	const char *known = g_hash_table_lookup(sums, path);
	gsize len;

	if (known)
		return known;
	g_autofree char *cpio = file_read(path, FILE_NAMED, FILE_MAX_BYTES, &len, error);
	if (!cpio)
		return NULL;
	char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)cpio, len);
	g_hash_table_insert(sums, g_steal_pointer(&path), sum);
	return sum;
}

static JsonObject *pair_json(const Pair *pair, int part, const char *guest)
{
	JsonObject *object = json_object_new();
	g_autoptr(Expectation) expectation = expectation_new(pair->scenario, pair->kernel);
	int failures = pair->scenario->failures;
	g_autofree char *preemptions = pair->preemptions < 0 ? g_strdup("none")
							     : g_strdup_printf("%d", pair->preemptions);
	g_autofree char *bound = failures ? g_strdup_printf("%s, failures %d", preemptions, failures)
					  : g_strdup(preemptions);
	g_autofree char *text = pair->scenario->operations ? operations_hash(pair->scenario->operations)
							   : g_strdup("");

	json_object_set_string_member(object, "scenario", pair->scenario->name);
	json_object_set_string_member(object, "kernel", pair->kernel->name);
	json_object_set_string_member(object, "bound", bound);
	json_object_set_string_member(object, "build", pair->kernel->key ? pair->kernel->key : "");
	json_object_set_string_member(object, "guest", guest);
	json_object_set_string_member(object, "text", text);
	json_object_set_string_member(object, "expected", expectation->text);
	json_object_set_string_member(object, "kind", pair->kernel->kind);
	json_object_set_string_member(object, "breaks", pair->kernel->breaks ? pair->kernel->breaks : "");
	json_object_set_int_member(object, "shard", part);
	return object;
}

static JsonObject *identity(const char *group, const char *split, const char *connect,
			    const Costs *costs, GError **error)
{
	g_autofree char *emulator = backend_emulator_identity(connect, paths_qemu(), error);

	if (!emulator)
		return NULL;
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "version", RACERIG_VERSION);
	json_object_set_string_member(object, "machine", host_machine());
	json_object_set_string_member(object, "emulator", emulator);
	json_object_set_string_member(object, "group", group);
	json_object_set_string_member(object, "costs", costs_identity(costs));
	json_object_set_string_member(object, "split", split);
	/* By what rule, which is one that all machines follow to the same parts. */
	json_object_set_string_member(object, "dealt", strcmp(split, "0") == 0 ? "costs" : "first schedules");
	return object;
}

/* Its first line, and some of the last, its file's sum: "QEMU emulator version 7.2.22, 0123456789ab". */
static char *emulator_name(const char *identity)
{
	const char *sum = strrchr(identity, '\n');
	g_autofree char *line = g_strndup(identity, strcspn(identity, "\n"));
	g_autofree char *both = g_strdup_printf("%s, %.12s", line, sum ? sum + 1 : "");

	return name_shown(both);
}

/*
 * Two boots are not the same, and where a kernel came in a pack all shards start from what came
 * with it: one that would boot for itself is refused before it has begun.
 */
static bool snapshot_fits(const Pair *pair, const Shard *shard, const char *connect, GError **error)
{
	const Kernel *kernel = pair->kernel;
	const char *here = json_object_get_string_member(shard->identity, "emulator");
	g_autofree char *sum = NULL;

	if (!kernel->emulator || expectation_missing(pair->scenario, kernel))
		return true;
	if (strcmp(kernel->emulator, here) != 0) {
		g_autofree char *there = emulator_name(kernel->emulator), *ours = emulator_name(here);

		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "shard %d/%d is refused: the snapshots of kernel %s came in a pack and are of "
			    "%s; here is %s; install that one, or name it with --qemu", shard->index,
			    shard->count, kernel->name, there, ours);
		return false;
	}
	g_autofree char *name = session_snapshot(kernel, pair->scenario, connect, &sum, error);
	if (name && !sum)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "shard %d/%d is refused: the pack that kernel %s came in has no whole snapshot "
			    "for scenario %s; unpack one that was made with it", shard->index,
			    shard->count, kernel->name, pair->scenario->name);
	return sum != NULL;
}

/* Nothing of it is known yet but which part it is. */
static Shard *shard_begin(const char *group, int split, const char *connect, const Costs *costs,
			  int index, int count, GError **error)
{
	g_autofree char *depth = g_strdup_printf("%d", split);
	Shard *shard = g_new0(Shard, 1);

	shard->index = index;
	shard->count = count;
	shard->pairs = json_array_new();
	shard->identity = identity(group, depth, connect, costs, error);
	if (!shard->identity)
		g_clear_pointer(&shard, shard_free);
	return shard;
}

static bool add_pair(Shard *shard, const Pair *pair, int part, GHashTable *sums, GError **error)
{
	const char *guest = guest_sum(pair->kernel, sums, error);

	if (guest)
		json_array_add_object_element(shard->pairs, pair_json(pair, part, guest));
	return guest != NULL;
}

static GHashTable *no_sums(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

Shard *shard_new(const Selection *selection, const char *group, const char *connect,
		 const Costs *costs, int index, int count, GError **error)
{
	g_autoptr(Shard) shard = shard_begin(group, 0, connect, costs, index, count, error);
	g_autoptr(GHashTable) sums = no_sums();

	if (!shard)
		return NULL;
	deal(shard, selection, costs);
	for (guint i = 0; i < selection->pairs->len; i++) {
		const Pair *pair = &g_array_index(selection->pairs, Pair, i);
		int part = g_array_index(shard->part, int, i);

		if (!add_pair(shard, pair, part, sums, error) ||
		    (part == index && !snapshot_fits(pair, shard, connect, error)))
			return NULL;
	}
	return g_steal_pointer(&shard);
}

Shard *shard_of_pair(const Pair *pair, int split, const char *connect, int index, int count,
		     GError **error)
{
	g_autoptr(Shard) shard = shard_begin("explore", split, connect, NULL, index, count, error);
	g_autoptr(GHashTable) sums = no_sums();

	return shard && add_pair(shard, pair, 1, sums, error) &&
	       snapshot_fits(pair, shard, connect, error) ? g_steal_pointer(&shard) : NULL;
}

int shard_split(const Shard *shard)
{
	return atoi(json_object_get_string_member(shard->identity, "split"));
}

bool shard_write(const Shard *shard, const char *out, bool resume, GError **error)
{
	g_autofree char *path = folder_path(out, FILE_NAME);

	if (resume && g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_autoptr(Shard) before = shard_load(out, error);

		if (!before || !shard_belongs(before, out, shard, "this one", error))
			return false;
		if (before->index == shard->index)
			return true;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s is of shard %d, and no part of shard %d; give another --out", out,
			    before->index, shard->index);
		return false;
	}
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	g_autoptr(JsonObject) object = json_object_new();
	json_object_set_int_member(object, "racerig-shard", VERSION);
	json_object_set_int_member(object, "shard", shard->index);
	json_object_set_int_member(object, "shards", shard->count);
	json_object_set_object_member(object, "identity", json_object_ref(shard->identity));
	json_object_set_array_member(object, "pairs", json_array_ref(shard->pairs));
	json_node_set_object(node, object);
	g_autofree char *text = json_to_string(node, TRUE);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	return folder_write(out, FILE_NAME, line, error);
}

static bool check_strings(const Json *json, const char *const *members, GError **error)
{
	const char *text;

	for (const char *const *member = members; *member; member++)
		if (!json_string(json, *member, &text, error))
			return false;
	return true;
}

static bool check_pairs(const Json *json, const Shard *shard, GError **error)
{
	for (guint i = 0; i < json_array_get_length(shard->pairs); i++) {
		const char *scenario, *kernel, *breaks;
		Json pair;
		int part;

		if (!json_element(json, "pairs", shard->pairs, i, &pair, error) ||
		    !check_strings(&pair, of_pair, error) ||
		    !json_name(&pair, "scenario", NAME_SCENARIO, &scenario, error) ||
		    !json_name(&pair, "kernel", NAME_KERNEL, &kernel, error) ||
		    !json_string(&pair, "breaks", &breaks, error) ||
		    (*breaks && !json_name(&pair, "breaks", NAME_INVARIANT, &breaks, error)) ||
		    !json_small(&pair, "shard", 1, shard->count, &part, error))
			return false;
	}
	return true;
}

Shard *shard_load(const char *dir, GError **error)
{
	g_autofree char *path = folder_path(dir, FILE_NAME);
	g_autoptr(JsonObject) object = json_load(path, FILE_FOUND, error);
	g_autoptr(Shard) shard = g_new0(Shard, 1);
	Json json = { object, path }, identity;
	JsonArray *pairs;
	gint64 version;

	if (!object) {
		g_prefix_error(error, "%s is no shard's folder: ", dir);
		return NULL;
	}
	if (!json_int(&json, "racerig-shard", VERSION, VERSION, &version, error) ||
	    !json_small(&json, "shards", 1, SHARDS_MAX, &shard->count, error) ||
	    !json_small(&json, "shard", 1, shard->count, &shard->index, error) ||
	    !json_object(&json, "identity", &identity, error) ||
	    !check_strings(&identity, common, error) || !json_array(&json, "pairs", &pairs, error))
		return NULL;
	shard->identity = json_object_ref(identity.object);
	shard->pairs = json_array_ref(pairs);
	return check_pairs(&json, shard, error) ? g_steal_pointer(&shard) : NULL;
}

static bool differs(const char *what, const char *a, const char *dir, const char *b, const char *other,
		    GError **error)
{
	g_autofree char *left = name_shown(a), *right = name_shown(b);

	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s does not belong to %s: %s is '%s' there and '%s' here", other, dir, what, left,
		    right);
	return false;
}

static bool same_members(JsonObject *a, const char *dir, JsonObject *b, const char *other,
			 const char *const *members, const char *prefix, GError **error)
{
	for (const char *const *member = members; *member; member++) {
		const char *left = json_object_get_string_member(a, *member);
		const char *right = json_object_get_string_member(b, *member);
		g_autofree char *what = g_strconcat(prefix, *member, NULL);

		if (strcmp(left, right) != 0)
			return differs(what, left, dir, right, other, error);
	}
	return true;
}

/* In how many parts, and how many pairs. */
static bool same_number(const char *what, guint a, const char *dir, guint b, const char *other,
			GError **error)
{
	g_autofree char *left = g_strdup_printf("%u", a), *right = g_strdup_printf("%u", b);

	return a == b || differs(what, left, dir, right, other, error);
}

bool shard_belongs(const Shard *shard, const char *dir, const Shard *other, const char *other_dir,
		   GError **error)
{
	guint n = json_array_get_length(shard->pairs);

	if (!same_members(shard->identity, dir, other->identity, other_dir, common, "", error) ||
	    !same_number("the number of shards", shard->count, dir, other->count, other_dir, error) ||
	    !same_number("the number of pairs", n, dir, json_array_get_length(other->pairs), other_dir,
			 error))
		return false;
	for (guint i = 0; i < n; i++) {
		JsonObject *left = json_array_get_object_element(shard->pairs, i);
		JsonObject *right = json_array_get_object_element(other->pairs, i);
		g_autofree char *prefix = g_strdup_printf(
			"of %s on %s the ", json_object_get_string_member(left, "scenario"),
			json_object_get_string_member(left, "kernel"));
		g_autofree char *whose = g_strconcat(prefix, "shard", NULL);

		if (!same_members(left, dir, right, other_dir, of_pair, prefix, error) ||
		    !same_number(whose, json_object_get_int_member(left, "shard"), dir,
				 json_object_get_int_member(right, "shard"), other_dir, error))
			return false;
	}
	return true;
}
