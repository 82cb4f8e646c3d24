// SPDX-License-Identifier: GPL-2.0-only
#include "util/u64.h"

#include <string.h>

static JsonObject *parse(const char *text)
{
	g_autoptr(JsonParser) parser = json_parser_new();

	g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
	return json_object_ref(json_node_get_object(json_parser_get_root(parser)));
}

static void test_whole(void)
{
	static const guint64 values[] = { 0, 1, 0x7fffffffffffffff, 0x8000000000000000,
					  0xffff888000000008, G_MAXUINT64 };

	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autoptr(JsonObject) made = json_object_new();
		g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
		guint64 back = ~values[i];

		u64_set_member(made, "at", values[i]);
		json_node_set_object(node, made);
		g_autofree char *text = json_to_string(node, FALSE);
		g_autoptr(JsonObject) read = parse(text);
		g_assert_true(u64_member(read, "at", &back, NULL));
		g_assert_cmphex(back, ==, values[i]);
	}
}

/* A number may have lost bits before anybody could look at it. */
static void test_refused(void)
{
	static const char *const bad[] = {
		"{\"at\": 18446612682070000000}", "{\"at\": 1}", "{\"at\": \"12\"}",
		"{\"at\": \"0x\"}", "{\"at\": \"0x1ffffffffffffffff\"}", "{\"at\": \"0x-1\"}",
		"{\"at\": null}", "{\"at\": [\"0x1\"]}", "{\"at\": true}", "{}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(JsonObject) read = parse(bad[i]);
		g_autoptr(GError) error = NULL;
		guint64 value;

		g_assert_false(u64_member(read, "at", &value, &error));
		g_assert_nonnull(strstr(error->message, "'at'"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/u64/whole", test_whole);
	g_test_add_func("/u64/refused", test_refused);
	return g_test_run();
}
