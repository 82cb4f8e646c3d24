// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <json-glib/json-glib.h>

#include "catalog/invariant.h"
#include "catalog/verb.h"
#include "explore/session.h"
#include "util/json.h"

static gboolean opt_json, opt_verbs;
static char *opt_windows, *opt_kernel = "stock";

static const GOptionEntry entries[] = {
	{ "windows", 'w', 0, G_OPTION_ARG_STRING, &opt_windows,
	  "The instructions of this scenario that the explorer stops at", "SCENARIO" },
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "… on this kernel (stock)", "K" },
	{ "verbs", 0, 0, G_OPTION_ARG_NONE, &opt_verbs, "What an actor can do (explore --actors)", NULL },
	{ "json", 0, 0, G_OPTION_ARG_NONE, &opt_json, "For programs", NULL },
	COMMAND_CONNECT,
	{ NULL },
};

static void member(JsonBuilder *builder, const char *name, const char *value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_string_value(builder, value);
}

static void begin(JsonBuilder *builder, const char *name)
{
	json_builder_set_member_name(builder, name);
	json_builder_begin_array(builder);
}

/* The mutants that break an invariant: what shows that its check can fail.  The caller's. */
static char **breakers(const GPtrArray *kernels, const char *id)
{
	GStrvBuilder *names = g_strv_builder_new();

	for (guint i = 0; i < kernels->len; i++) {
		const Kernel *kernel = g_ptr_array_index(kernels, i);

		if (g_strcmp0(kernel->breaks, id) == 0)
			g_strv_builder_add(names, kernel->name);
	}
	char **ret = g_strv_builder_end(names);
	g_strv_builder_unref(names);
	return ret;
}

static void add_exceptions(JsonBuilder *builder, const Invariant *invariant)
{
	begin(builder, "exceptions");
	for (const InvariantException *one = invariant->exceptions; one && one->token; one++) {
		json_builder_begin_object(builder);
		member(builder, "token", one->token);
		member(builder, "text", one->text);
		member(builder, "source", one->source);
		json_builder_set_member_name(builder, "by_kernel");
		json_builder_add_boolean_value(builder, one->by_kernel);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
}

static void print_verbs(void)
{
	enum verb reads, writes;
	const char *touch;

	for (int verb = 0; verb < N_VERBS; verb++) {
		const VerbRow *row = verb_row(verb);
		g_autofree char *form = g_strdup_printf("%s %s", row->word, verb_takes_text(row->takes));

		g_print("%-38s %s", g_strchomp(form), row->effect);
		if (row->inverse != VERB_KEEP)
			g_print(" (undone by %s)", verb_row(row->inverse)->word);
		g_print("%s\n", row->flags & VERB_UNSEEN ? " [no event]" : "");
	}
	g_print("\nIn a scenario with a variant that writes\n");
	for (guint i = 0; (touch = verb_touch(i, &reads, &writes)); i++)
		g_print("%-38s %s, or %s in the variant\n", touch, verb_row(reads)->word,
			verb_row(writes)->word);
	g_print("\nPAGE  0 to %d; 1.0 is page 0 of arena 1; NAME or NAME+1 where 'any' got NAME\nEDGE ",
		GUEST_MAX_PAGES - 1);
	for (int edge = 0; edge < N_EDGES; edge++)
		g_print(" %s", verb_edge_word(edge));
	g_print("\n");
}

static void print_verbs_json(void)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();

	json_builder_begin_object(builder);
	begin(builder, "verbs");
	for (int verb = 0; verb < N_VERBS; verb++) {
		const VerbRow *row = verb_row(verb);

		json_builder_begin_object(builder);
		member(builder, "name", row->word);
		member(builder, "takes", verb_takes_text(row->takes));
		member(builder, "effect", row->effect);
		member(builder, "inverse", verb_row(row->inverse)->word);
		json_builder_set_member_name(builder, "seen");
		json_builder_add_boolean_value(builder, !(row->flags & VERB_UNSEEN));
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
	json_builder_end_object(builder);
	g_autoptr(JsonNode) node = json_builder_get_root(builder);
	g_autofree char *text = json_to_string(node, TRUE);
	g_print("%s\n", text);
}

static void print_json(GPtrArray *scenarios, GPtrArray *kernels)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();
	gsize n;

	json_builder_begin_object(builder);
	begin(builder, "scenarios");
	for (guint i = 0; i < scenarios->len; i++) {
		const Scenario *scenario = g_ptr_array_index(scenarios, i);
		json_builder_begin_object(builder);
		member(builder, "name", scenario->name);
		member(builder, "title", scenario->title);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
	begin(builder, "kernels");
	for (guint i = 0; i < kernels->len; i++) {
		const Kernel *kernel = g_ptr_array_index(kernels, i);
		json_builder_begin_object(builder);
		member(builder, "name", kernel->name);
		member(builder, "kind", kernel->kind);
		member(builder, "title", kernel->title);
		json_builder_set_member_name(builder, "built");
		json_builder_add_boolean_value(builder, kernel->key != NULL);
		if (kernel->key)
			member(builder, "key", kernel->key);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
	begin(builder, "invariants");
	const Invariant *const *invariants = invariant_list(&n);
	for (gsize i = 0; i < n; i++) {
		json_builder_begin_object(builder);
		member(builder, "id", invariants[i]->id);
		member(builder, "statement", invariants[i]->statement);
		member(builder, "source", invariants[i]->source);
		member(builder, "checked", invariant_checked(invariants[i]));
		add_exceptions(builder, invariants[i]);
		g_auto(GStrv) names = breakers(kernels, invariants[i]->id);
		json_build_strings(builder, "broken_by", names);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
	json_builder_end_object(builder);
	g_autoptr(JsonNode) node = json_builder_get_root(builder);
	g_autofree char *text = json_to_string(node, TRUE);
	g_print("%s\n", text);
}

static void print_exceptions(const Invariant *invariant)
{
	for (const InvariantException *one = invariant->exceptions; one && one->token; one++)
		g_print("       except %s%s: %s\n         source: %s\n", one->token,
			one->by_kernel ? " (kernels that say excuses = ...)" : "", one->text, one->source);
}

static void print_text(GPtrArray *scenarios, GPtrArray *kernels)
{
	gsize n;

	g_print("scenarios\n");
	for (guint i = 0; i < scenarios->len; i++) {
		const Scenario *scenario = g_ptr_array_index(scenarios, i);
		g_print("  %-27s %s\n", scenario->name, scenario->title);
	}
	g_print("kernels\n");
	for (guint i = 0; i < kernels->len; i++) {
		const Kernel *kernel = g_ptr_array_index(kernels, i);
		g_print("  %-27s %-8s %-10s %s\n", kernel->name, kernel->kind,
			kernel->release ? kernel->release : "not built", kernel->title);
	}
	g_print("invariants\n");
	const Invariant *const *invariants = invariant_list(&n);
	for (gsize i = 0; i < n; i++) {
		g_auto(GStrv) names = breakers(kernels, invariants[i]->id);
		g_autofree char *joined = g_strjoinv(" ", names);

		g_print("  %-4s %s\n       checked: %s\n       broken by: %s\n", invariants[i]->id,
			invariants[i]->statement, invariant_checked(invariants[i]), joined);
		print_exceptions(invariants[i]);
	}
}

static const char *site_kind(const Site *site)
{
	if (site->kind == SITE_LOCK || site->kind == SITE_MASK)
		return site->kind == SITE_LOCK ? "lock" : "mask";
	if (site->kind == SITE_ACCESS)
		return site->insn.access == ACCESS_READ ? "load" : "store";
	return site->insn.access == ACCESS_RMW && !site->insn.locked
		? "rmw, split" : access_name(site->insn.access);
}

/* Boots or restores the guest and runs each actor alone: windows are found, not listed. */
static int print_windows(GCancellable *cancel, GError **error)
{
	g_autoptr(Session) session = session_new(opt_windows, opt_kernel, command_connect, cancel, error);

	if (!session || !session_prepare(session, error))
		return EXIT_BROKEN;
	g_autoptr(GPtrArray) sites = sites_list(stepper_sites(session->stepper));
	for (int actor = 0; actor < session->guest->n_actors; actor++) {
		g_print("%s\n", session->guest->report.actors[actor].name);
		for (guint i = 0; i < sites->len; i++) {
			const Site *site = g_ptr_array_index(sites, i);

			if (site->actors & (1u << actor))
				g_print("  %-10s %-36s %-26s %s\n", site_kind(site), site->where,
					site->line ? site->line : "?", site->insn.text);
		}
	}
	return EXIT_EXPECTED;
}

int command_list(int argc, char **argv, GCancellable *cancel, GError **error)
{
	if (!command_parse(&argc, &argv, entries, NULL, 0,
			   "Scenarios, kernels and invariants.", error))
		return EXIT_BROKEN;
	if (opt_windows)
		return print_windows(cancel, error);
	if (opt_verbs) {
		(opt_json ? print_verbs_json : print_verbs)();
		return EXIT_EXPECTED;
	}
	g_autoptr(GPtrArray) scenarios = scenario_list(error);
	g_autoptr(GPtrArray) kernels = scenarios ? kernel_list(error) : NULL;
	if (!kernels)
		return EXIT_BROKEN;
	(opt_json ? print_json : print_text)(scenarios, kernels);
	return EXIT_EXPECTED;
}
