// SPDX-License-Identifier: GPL-2.0-only
#include "wire/qmp.h"

#include <string.h>

#include "util/json.h"

struct QmpDecoder {
	GString *input;
};

QmpDecoder *qmp_decoder_new(void)
{
	QmpDecoder *decoder = g_new0(QmpDecoder, 1);

	decoder->input = g_string_new(NULL);
	return decoder;
}

void qmp_decoder_free(QmpDecoder *decoder)
{
	if (!decoder)
		return;
	g_string_free(decoder->input, TRUE);
	g_free(decoder);
}

void qmp_decoder_feed(QmpDecoder *decoder, const char *bytes, gsize len)
{
	g_string_append_len(decoder->input, bytes, len);
}

QmpMessage qmp_decoder_next(QmpDecoder *decoder, JsonObject **ret)
{
	static const struct {
		const char *member;
		QmpMessage message;
	} kinds[] = {
		{ "QMP", QMP_GREETING }, { "return", QMP_RETURN },
		{ "error", QMP_ERROR }, { "event", QMP_EVENT },
	};
	GString *input = decoder->input;
	const char *end = memchr(input->str, '\n', input->len);

	if (!end && input->len > QMP_MAX_BYTES) {
		g_string_truncate(input, 0);
		return QMP_BAD;
	}
	if (!end)
		return QMP_NEED_MORE;
	gsize len = end - input->str;
	g_autoptr(JsonParser) parser = json_parser_new();
	bool parsed = json_text_is_flat(input->str, len) &&
		      json_parser_load_from_data(parser, input->str, len, NULL);
	g_string_erase(input, 0, len + 1);

	JsonNode *root = parsed ? json_parser_get_root(parser) : NULL;
	if (!root || !JSON_NODE_HOLDS_OBJECT(root))
		return QMP_BAD;
	JsonObject *object = json_node_get_object(root);
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (json_object_has_member(object, kinds[i].member)) {
			*ret = json_object_ref(object);
			return kinds[i].message;
		}
	}
	return QMP_BAD;
}

char *qmp_encode(const char *command, JsonObject *arguments)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "execute", command);
	if (arguments)
		json_object_set_object_member(object, "arguments", arguments);

	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	json_node_take_object(node, object);
	g_autofree char *text = json_to_string(node, FALSE);
	return g_strconcat(text, "\n", NULL);
}
