// SPDX-License-Identifier: GPL-2.0-only
#include "report/verdict.h"
#include "util/json.h"

#include <json-glib/json-glib.h>
#include <string.h>

static void violation_free(gpointer data)
{
	VerdictViolation *violation = data;

	g_free(violation->schedule);
	g_free(violation);
}

Verdict *verdict_new(void)
{
	Verdict *verdict = g_new0(Verdict, 1);

	verdict->verdict = "inconclusive";
	verdict->violations = g_ptr_array_new_with_free_func(violation_free);
	verdict->accepted = g_ptr_array_new_with_free_func(violation_free);
	verdict->failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	verdict->grown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	verdict->differs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return verdict;
}

void verdict_free(Verdict *verdict)
{
	if (!verdict)
		return;
	g_free(verdict->scenario);
	g_free(verdict->kernel);
	g_free(verdict->policy);
	g_free(verdict->title);
	g_free(verdict->setup);
	g_free(verdict->operations);
	g_strfreev(verdict->unseen_verbs);
	g_strfreev(verdict->unwatched);
	g_free(verdict->kernel_kind);
	g_free(verdict->kernel_title);
	g_free(verdict->kernel_release);
	g_free(verdict->bound);
	g_free(verdict->part);
	g_list_free_full(verdict->final_states, g_free);
	g_free(verdict->kernel_source);
	g_free(verdict->kernel_key);
	g_free(verdict->kernel_patches);
	g_free(verdict->config_sha256);
	origin_deinit(&verdict->origin);
	g_free(verdict->qemu);
	g_strfreev(verdict->absent_hooks);
	g_clear_pointer(&verdict->unseen, g_array_unref);
	g_hash_table_unref(verdict->failed);
	g_hash_table_unref(verdict->grown);
	g_hash_table_unref(verdict->differs);
	g_free(verdict->connect);
	g_free(verdict->emulator);
	g_free(verdict->snapshot);
	g_free(verdict->snapshot_sum);
	g_ptr_array_unref(verdict->violations);
	g_ptr_array_unref(verdict->accepted);
	g_free(verdict);
}

void verdict_add(Verdict *verdict, const Violation *found, const char *schedule, int events,
		 int switches)
{
	VerdictViolation *violation = g_new0(VerdictViolation, 1);

	violation->found = *found;
	violation->schedule = g_strdup(schedule);
	violation->events = events;
	violation->switches = switches;
	g_ptr_array_add(found->documented ? verdict->accepted : verdict->violations, violation);
}

char **verdict_invariants(const Verdict *verdict)
{
	char **ids = g_new0(char *, verdict->violations->len + 1);

	for (guint i = 0; i < verdict->violations->len; i++) {
		const VerdictViolation *violation = g_ptr_array_index(verdict->violations, i);

		ids[i] = g_strdup(violation->found.invariant);
	}
	return ids;
}

char **verdict_violated(const Verdict *verdict)
{
	char **ways = g_new0(char *, verdict->violations->len + 1);

	for (guint i = 0; i < verdict->violations->len; i++) {
		const VerdictViolation *violation = g_ptr_array_index(verdict->violations, i);

		ways[i] = g_strdup_printf("%s/%s", violation->found.invariant, violation->found.reason);
	}
	return ways;
}

char *verdict_names(GHashTable *set)
{
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(set), (GCompareFunc)strcmp);
	g_autoptr(GString) text = g_string_new(NULL);

	for (GList *each = names; each; each = each->next)
		g_string_append_printf(text, "%s%s", text->len ? ", " : "", (char *)each->data);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

double verdict_rate(const Verdict *verdict)
{
	int ran = MAX(verdict->executed - verdict->resumed, 0);

	return verdict->wall_s > 0 ? ran / verdict->wall_s : 0;
}

char *verdict_split_text(const Verdict *verdict, gint64 before)
{
	int begun = verdict->executed + verdict->redundant;

	if (!verdict->executed)
		return NULL;
	if (before > 0 && verdict->complete)
		return g_strdup_printf("%.3f times the schedules of --split 0 (%d begun, %" G_GINT64_FORMAT
				       " without)", (double)begun / before, begun, before);
	return g_strdup_printf("at most %.2f times the schedules of --split 0 (%d of %d were begun and "
			       "found equivalent)", (double)begun / verdict->executed,
			       verdict->redundant, begun);
}

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_string_value(builder, value ? value : "");
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

/* Three digits are all that a clock reading is worth. */
static void add_double(JsonBuilder *builder, const char *name, double value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_double_value(builder, (gint64)(value * 1000 + 0.5) / 1000.0);
}

static void add_set(JsonBuilder *builder, const char *name, GHashTable *set)
{
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(set), (GCompareFunc)strcmp);

	json_builder_set_member_name(builder, name);
	json_builder_begin_array(builder);
	for (GList *each = names; each; each = each->next)
		json_builder_add_string_value(builder, each->data);
	json_builder_end_array(builder);
}

static void add_controls(JsonBuilder *builder, const Verdict *verdict)
{
	json_builder_set_member_name(builder, "controls");
	json_builder_begin_object(builder);
	for (int kind = 0; kind < CONTROL_KINDS; kind++)
		if (verdict->controls.seen[kind])
			add_int(builder, control_name(kind), verdict->controls.seen[kind]);
	json_builder_end_object(builder);
	json_build_strings(builder, "absent_hooks", verdict->absent_hooks);
}

static void add_uncounted(JsonBuilder *builder, const GArray *unseen, int kind)
{
	json_builder_set_member_name(builder, "uncounted");
	json_builder_begin_array(builder);
	for (guint i = 0; i < unseen->len; i++) {
		const SurveyItem *item = &g_array_index(unseen, SurveyItem, i);

		if ((int)item->kind == kind && !item->addr)
			json_builder_add_string_value(builder, item->name);
	}
	json_builder_end_array(builder);
}

/* What was touched and is no event: the totals of each kind, and what they are made of. */
static void add_unseen(JsonBuilder *builder, const GArray *unseen)
{
	json_builder_set_member_name(builder, "unseen");
	json_builder_begin_object(builder);
	for (int kind = 0; unseen && kind < SURVEY_KINDS; kind++) {
		json_builder_set_member_name(builder, survey_token(kind));
		json_builder_begin_object(builder);
		add_int(builder, "total", survey_total(unseen, kind));
		json_builder_set_member_name(builder, "of");
		json_builder_begin_object(builder);
		for (guint i = 0; i < unseen->len; i++) {
			const SurveyItem *item = &g_array_index(unseen, SurveyItem, i);

			if ((int)item->kind == kind && item->count)
				add_int(builder, item->name, item->count);
		}
		json_builder_end_object(builder);
		add_uncounted(builder, unseen, kind);
		json_builder_end_object(builder);
	}
	json_builder_end_object(builder);
}

/* Where calls were asked to fail: in how many schedules each did. */
static void add_failures(JsonBuilder *builder, const Verdict *verdict)
{
	g_autoptr(GList) calls = g_list_sort(g_hash_table_get_keys(verdict->failed), (GCompareFunc)strcmp);

	if (!verdict->failures)
		return;
	json_builder_set_member_name(builder, "failures");
	json_builder_begin_object(builder);
	add_int(builder, "at_most", verdict->failures);
	json_builder_set_member_name(builder, "of");
	json_builder_begin_object(builder);
	for (GList *call = calls; call; call = call->next)
		add_int(builder, call->data,
			GPOINTER_TO_UINT(g_hash_table_lookup(verdict->failed, call->data)));
	json_builder_end_object(builder);
	json_builder_end_object(builder);
}

static void add_found(JsonBuilder *builder, const char *name, const GPtrArray *all)
{
	json_builder_set_member_name(builder, name);
	json_builder_begin_array(builder);
	for (guint i = 0; i < all->len; i++) {
		const VerdictViolation *violation = g_ptr_array_index(all, i);
		JsonNode *node = json_node_new(JSON_NODE_OBJECT);
		JsonObject *object = violation_json(&violation->found);

		json_object_set_string_member(object, "schedule", violation->schedule);
		json_object_set_int_member(object, "events", violation->events);
		json_object_set_int_member(object, "switches", violation->switches);
		json_node_take_object(node, object);
		json_builder_add_value(builder, node);
	}
	json_builder_end_array(builder);
}

/* What the actors do and what came before, where a text says it. */
static void add_operations(JsonBuilder *builder, const Verdict *verdict)
{
	if (!verdict->operations)
		return;
	add_string(builder, "setup", verdict->setup);
	add_string(builder, "operations", verdict->operations);
	add_int(builder, "pages", verdict->pages);
	add_int(builder, "arenas", verdict->arenas);
	add_int(builder, "processes", verdict->processes);
	json_build_strings(builder, "unseen_verbs", verdict->unseen_verbs);
	json_build_strings(builder, "unwatched", verdict->unwatched);
}

char *verdict_json(const Verdict *verdict)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();

	json_builder_begin_object(builder);
	add_int(builder, "racerig-verdict", VERDICT_VERSION);
	add_string(builder, "scenario", verdict->scenario);
	add_string(builder, "kernel", verdict->kernel);
	add_string(builder, "policy", verdict->policy);
	add_string(builder, "title", verdict->title);
	add_operations(builder, verdict);
	add_string(builder, "kernel_kind", verdict->kernel_kind);
	add_string(builder, "kernel_title", verdict->kernel_title);
	add_string(builder, "kernel_release", verdict->kernel_release);
	json_builder_set_member_name(builder, "bound");
	if (verdict->bound)
		json_builder_add_string_value(builder, verdict->bound);
	else
		json_builder_add_null_value(builder);
	if (verdict->part)
		add_string(builder, "part", verdict->part);
	add_string(builder, "verdict", verdict->verdict);
	add_bool(builder, "complete", verdict->complete);
	add_int(builder, "executed", verdict->executed);
	add_int(builder, "pruned", verdict->pruned);
	add_int(builder, "redundant", verdict->redundant);
	add_int(builder, "cycles", verdict->cycles);
	add_int(builder, "partial", verdict->partial);
	add_set(builder, "cycles_grown", verdict->grown);
	add_int(builder, "unsettled", verdict->unsettled);
	add_set(builder, "unsettled_differs", verdict->differs);
	add_int(builder, "violating", verdict->violating);
	add_int(builder, "documented", verdict->documented);
	add_int(builder, "distinct_final_states", verdict->distinct_final_states);
	json_builder_set_member_name(builder, "final_states");
	json_builder_begin_array(builder);
	for (GList *state = verdict->final_states; state; state = state->next)
		json_builder_add_string_value(builder, state->data);
	json_builder_end_array(builder);
	add_found(builder, "violations", verdict->violations);
	add_found(builder, "accepted", verdict->accepted);
	add_controls(builder, verdict);
	add_failures(builder, verdict);
	add_unseen(builder, verdict->unseen);
	json_builder_set_member_name(builder, "environment");
	json_builder_begin_object(builder);
	add_string(builder, "source", verdict->kernel_source);
	add_string(builder, "patches", verdict->kernel_patches);
	add_string(builder, "key", verdict->kernel_key);
	add_string(builder, "config_sha256", verdict->config_sha256);
	for (const OriginMember *member = origin_members; member->name; member++) {
		const char *text = ORIGIN_STRING(&verdict->origin, member);

		if (text && *text)
			add_string(builder, member->name, text);
	}
	add_string(builder, "qemu", verdict->qemu);
	json_builder_end_object(builder);
	json_builder_end_object(builder);

	g_autoptr(JsonNode) node = json_builder_get_root(builder);
	g_autofree char *text = json_to_string(node, TRUE);
	return g_strconcat(text, "\n", NULL);
}

char *verdict_run_json(const Verdict *verdict)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();

	json_builder_begin_object(builder);
	add_int(builder, "racerig-run", RUN_VERSION);
	add_string(builder, "host", g_get_host_name());
	add_string(builder, "connect", verdict->connect);
	add_string(builder, "emulator", verdict->emulator);
	add_bool(builder, "irq_events", verdict->irq_events);
	add_string(builder, "snapshot", verdict->snapshot);
	add_string(builder, "snapshot_sha256", verdict->snapshot_sum);
	add_int(builder, "resumed", verdict->resumed);
	add_int(builder, "restarts", verdict->restarts);
	add_double(builder, "wall_s", verdict->wall_s);
	add_double(builder, "schedules_per_s", verdict_rate(verdict));
	json_builder_set_member_name(builder, "spent_s");
	json_builder_begin_object(builder);
	add_double(builder, "total", verdict->spent_s.total);
	add_double(builder, "restore", verdict->spent_s.restore);
	add_double(builder, "guest", verdict->spent_s.guest);
	add_double(builder, "stub", verdict->spent_s.stub);
	add_double(builder, "drgn", verdict->spent_s.drgn);
	json_builder_end_object(builder);
	json_builder_set_member_name(builder, "counts");
	json_builder_begin_object(builder);
	add_int(builder, "stops", verdict->spent_s.stops);
	add_int(builder, "packets", verdict->spent_s.packets);
	add_int(builder, "writes", verdict->spent_s.writes);
	json_builder_end_object(builder);
	json_builder_end_object(builder);

	g_autoptr(JsonNode) node = json_builder_get_root(builder);
	g_autofree char *text = json_to_string(node, TRUE);
	return g_strconcat(text, "\n", NULL);
}
