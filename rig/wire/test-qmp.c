// SPDX-License-Identifier: GPL-2.0-only
#include "wire/qmp.h"

#include <string.h>

static const struct {
	const char *line;
	QmpMessage message;
} recordings[] = {
	{ "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n", QMP_GREETING },
	{ "{\"return\": {}}\r\n", QMP_RETURN },
	{ "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\r\n", QMP_ERROR },
	{ "{\"timestamp\": {\"seconds\": 1}, \"event\": \"STOP\"}\r\n", QMP_EVENT },
	{ "{\"return\": {}\r\n", QMP_BAD },
	{ "[]\r\n", QMP_BAD },
	{ "{\"else\": 1}\r\n", QMP_BAD },
	{ "\r\n", QMP_BAD },
	{ "{\"return\": {}}", QMP_NEED_MORE },
};

static void test_recordings(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(recordings); i++) {
		g_autoptr(QmpDecoder) decoder = qmp_decoder_new();
		g_autoptr(JsonObject) object = NULL;

		qmp_decoder_feed(decoder, recordings[i].line, strlen(recordings[i].line));
		g_assert_cmpint(qmp_decoder_next(decoder, &object), ==, recordings[i].message);
		g_assert_cmpint(object != NULL, ==,
				recordings[i].message != QMP_BAD &&
					recordings[i].message != QMP_NEED_MORE);
	}
}

/* Neither an endless line nor endless brackets take all memory or the stack. */
static void test_endless(void)
{
	g_autofree char *brackets = g_strnfill(QMP_MAX_BYTES + 1, '[');
	g_autoptr(QmpDecoder) decoder = qmp_decoder_new();
	g_autoptr(JsonObject) object = NULL;

	qmp_decoder_feed(decoder, brackets, QMP_MAX_BYTES + 1);
	g_assert_cmpint(qmp_decoder_next(decoder, &object), ==, QMP_BAD);
	qmp_decoder_feed(decoder, brackets, 100000);
	qmp_decoder_feed(decoder, "\n{\"return\": {}}\n", 16);
	g_assert_cmpint(qmp_decoder_next(decoder, &object), ==, QMP_BAD);
	qmp_decoder_feed(decoder, "\n", 1);
	g_assert_cmpint(qmp_decoder_next(decoder, &object), ==, QMP_RETURN);
}

static void test_encode(void)
{
	JsonObject *arguments = json_object_new();

	json_object_set_string_member(arguments, "command-line", "savevm \"x\"");
	g_autofree char *with = qmp_encode("human-monitor-command", arguments);
	g_autofree char *without = qmp_encode("query-version", NULL);
	g_assert_cmpstr(with, ==, "{\"execute\":\"human-monitor-command\",\"arguments\":"
				  "{\"command-line\":\"savevm \\\"x\\\"\"}}\n");
	g_assert_cmpstr(without, ==, "{\"execute\":\"query-version\"}\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qmp/recordings", test_recordings);
	g_test_add_func("/qmp/endless", test_endless);
	g_test_add_func("/qmp/encode", test_encode);
	return g_test_run();
}
