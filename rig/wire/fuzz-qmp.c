// SPDX-License-Identifier: GPL-2.0-only
/* Whatever a monitor sends, in pieces. */
#include "wire/qmp.h"

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(QmpDecoder) decoder = qmp_decoder_new();
	QmpMessage message = QMP_BAD;

	qmp_decoder_feed(decoder, (const char *)data, size / 2);
	for (int half = 0; half < 2; half++) {
		do {
			g_autoptr(JsonObject) object = NULL;

			message = qmp_decoder_next(decoder, &object);
			if (object)
				json_object_get_size(object);
		} while (message != QMP_NEED_MORE);
		if (!half)
			qmp_decoder_feed(decoder, (const char *)data + size / 2, size - size / 2);
	}
	return 0;
}
