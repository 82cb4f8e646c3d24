// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <json-glib/json-glib.h>

#include "catalog/kernel.h"
#include "catalog/scenario.h"

static gboolean opt_json;

static const GOptionEntry entries[] = {
	{ "json", 0, 0, G_OPTION_ARG_NONE, &opt_json, "For programs", NULL },
	{ NULL },
};

static const struct {
	const char *id, *statement;
} invariants[] = {
	{ "I1", "a PTE that maps an allocated page never becomes the scratch page" },
	{ "I2", "an allocated address maps exactly the page handed out" },
	{ "I3", "the scratch page is never freed while the arena lives" },
	{ "I4", "range tree and PTEs agree outside the lock" },
	{ "I5", "a recoverable kernel fault makes progress" },
	{ "I10", "the kernel log holds no splat" },
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

static void print_json(GPtrArray *scenarios, GPtrArray *kernels)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();

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
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
	begin(builder, "invariants");
	for (gsize i = 0; i < G_N_ELEMENTS(invariants); i++) {
		json_builder_begin_object(builder);
		member(builder, "id", invariants[i].id);
		member(builder, "statement", invariants[i].statement);
		json_builder_end_object(builder);
	}
	json_builder_end_array(builder);
	json_builder_end_object(builder);
	g_autoptr(JsonNode) node = json_builder_get_root(builder);
	g_autofree char *text = json_to_string(node, TRUE);
	g_print("%s\n", text);
}

static void print_text(GPtrArray *scenarios, GPtrArray *kernels)
{
	g_print("scenarios\n");
	for (guint i = 0; i < scenarios->len; i++) {
		const Scenario *scenario = g_ptr_array_index(scenarios, i);
		g_print("  %-22s %s\n", scenario->name, scenario->title);
	}
	g_print("kernels\n");
	for (guint i = 0; i < kernels->len; i++) {
		const Kernel *kernel = g_ptr_array_index(kernels, i);
		g_print("  %-22s %-8s %-10s %s\n", kernel->name, kernel->kind,
			kernel->release ? kernel->release : "not built", kernel->title);
	}
	g_print("invariants\n");
	for (gsize i = 0; i < G_N_ELEMENTS(invariants); i++)
		g_print("  %-22s %s\n", invariants[i].id, invariants[i].statement);
}

int command_list(int argc, char **argv, GCancellable *cancel, GError **error)
{
	(void)cancel;
	if (!command_parse(&argc, &argv, entries, NULL, 0,
			   "Scenarios, kernels and invariants.", error))
		return EXIT_BROKEN;
	g_autoptr(GPtrArray) scenarios = scenario_list(error);
	g_autoptr(GPtrArray) kernels = scenarios ? kernel_list(error) : NULL;
	if (!kernels)
		return EXIT_BROKEN;
	(opt_json ? print_json : print_text)(scenarios, kernels);
	return EXIT_EXPECTED;
}
