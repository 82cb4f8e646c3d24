// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/wire/qmp.c */
/* Whatever a monitor sends, in pieces. */
#include "wire/qmp.h"

#include <string.h>

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(QmpDecoder) decoder = qmp_decoder_new();
	QmpMessage message = QMP_BAD;
	g_autofree char *word = g_strndup((const char *)data, size);

	qmp_decoder_feed(decoder, (const char *)data, size / 2);
	for (int half = 0; half < 2; half++) {
		do {
			g_autoptr(JsonObject) object = NULL;

			message = qmp_decoder_next(decoder, &object);
			if (object)
				fuzz_taken();
		} while (message != QMP_NEED_MORE);
		if (!half)
			qmp_decoder_feed(decoder, (const char *)data + size / 2, size - size / 2);
	}
	if (!g_utf8_validate(word, -1, NULL))
		return 0;
	/* Whatever a command says, it is one line. */
	JsonObject *arguments = json_object_new();
	json_object_set_string_member(arguments, "command-line", word);
	g_autofree char *line = qmp_encode(word, arguments);
	g_assert_true(strchr(line, '\n') == line + strlen(line) - 1);
	return 0;
}
