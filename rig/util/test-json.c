// SPDX-License-Identifier: GPL-2.0-only
#include "util/json.h"

#include <string.h>

#include "util/error.h"

static const char TEXT[] =
	"{\"s\":\"x\",\"n\":7,\"b\":true,\"null\":null,\"a\":[{\"x\":1},2,\"I6\"],\"o\":{\"id\":\"../x\"}}";

typedef bool (*Get)(const Json *json, GError **error);

static bool string_n(const Json *json, GError **error)
{
	const char *ret;

	return json_string(json, "n", &ret, error);
}

static bool string_missing(const Json *json, GError **error)
{
	const char *ret;

	return json_string(json, "null", &ret, error);
}

static bool int_s(const Json *json, GError **error)
{
	gint64 ret;

	return json_int(json, "s", 0, 9, &ret, error);
}

static bool int_out(const Json *json, GError **error)
{
	gint64 ret;

	return json_int(json, "n", 0, 6, &ret, error);
}

static bool bool_n(const Json *json, GError **error)
{
	bool ret;

	return json_maybe_bool(json, "n", &ret, error);
}

static bool array_o(const Json *json, GError **error)
{
	JsonArray *ret;

	return json_array(json, "o", &ret, error);
}

static bool object_a(const Json *json, GError **error)
{
	Json ret;

	return json_object(json, "a", &ret, error);
}

static bool name_outside(const Json *json, GError **error)
{
	const char *ret;
	Json inner;

	return json_object(json, "o", &inner, error) &&
	       json_name(&inner, "id", NAME_SCENARIO, &ret, error);
}

static bool element(const Json *json, GError **error)
{
	JsonArray *array;
	Json ret;

	return json_array(json, "a", &array, error) && json_element(json, "a", array, 1, &ret, error);
}

static const struct {
	Get get;
	const char *message;
} cases[] = {
	{ string_n, "x.json: 'n' must be a string" },
	{ string_missing, "x.json: 'null' must be a string, and there is none" },
	{ int_s, "x.json: 's' must be a whole number from 0 to 9" },
	{ int_out, "x.json: 'n' must be a whole number from 0 to 6" },
	{ bool_n, "x.json: 'n' must be true or false" },
	{ array_o, "x.json: 'o' must be an array" },
	{ object_a, "x.json: 'a' must be an object" },
	{ name_outside, "x.json: 'id': '../x' is no name of a scenario" },
	{ element, "x.json: 'a' must be an array of objects" },
};

static void test_wrong(void)
{
	g_autoptr(JsonObject) object = json_parse(TEXT, strlen(TEXT), "x.json", NULL);
	Json json = { object, "x.json" };

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(cases[i].get(&json, &error));
		g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
		g_assert_true(g_str_has_prefix(error->message, cases[i].message));
	}
}

static void test_right(void)
{
	g_autoptr(JsonObject) object = json_parse(TEXT, strlen(TEXT), "x.json", NULL);
	Json json = { object, "x.json" };
	const char *text = "default", *name;
	JsonArray *array;
	gint64 number;
	bool truth;

	g_assert_true(json_maybe_string(&json, "none", &text, NULL));
	g_assert_cmpstr(text, ==, "default");
	g_assert_true(json_string(&json, "s", &text, NULL));
	g_assert_cmpstr(text, ==, "x");
	g_assert_true(json_int(&json, "n", 7, 7, &number, NULL));
	g_assert_true(json_bool(&json, "b", &truth, NULL));
	g_assert_true(truth && number == 7 && !json_has(&json, "null"));
	g_assert_true(json_array(&json, "a", &array, NULL));
	g_assert_true(json_name_element(&json, "a", array, 2, NAME_INVARIANT, &name, NULL));
}

static void test_parse(void)
{
	static const char *const bad[] = { "", "[]", "1", "{", "{\"a\":}", "\xff", "{} {}x" };
	g_autofree char *deep = g_strnfill(100000, '[');

	g_assert_null(json_parse(deep, strlen(deep), "x.json", NULL));
	g_assert_true(json_text_is_flat("\"[[\\\"[[\"", 9));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(json_parse(bad[i], strlen(bad[i]), "x.json", &error));
		g_assert_true(g_str_has_prefix(error->message, "x.json: "));
		g_assert_null(strchr(error->message, '\n'));
	}
	g_assert_null(json_load("/nonexistent", FILE_NAMED, NULL));
	g_assert_null(json_load("/dev/zero", FILE_NAMED, NULL));
}

/* Found by fuzzing: half of a surrogate pair is no character, and json-glib takes it. */
static void test_half_a_character(void)
{
	static const char text[] = "{\"s\":\"\\ud800\"}";
	g_autoptr(JsonObject) object = json_parse(text, strlen(text), "x.json", NULL);
	Json json = { object, "x.json" };
	const char *string;

	g_assert_false(object && json_string(&json, "s", &string, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json/wrong", test_wrong);
	g_test_add_func("/json/right", test_right);
	g_test_add_func("/json/parse", test_parse);
	g_test_add_func("/json/half-a-character", test_half_a_character);
	return g_test_run();
}
