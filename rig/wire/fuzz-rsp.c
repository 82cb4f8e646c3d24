// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/wire/rsp.c */
/* Whatever a stub sends, in pieces: every frame is decoded, and what we encode is read back. */
#include "wire/rsp.h"

#include <string.h>

#include "util/fuzz.h"

static void decode(RspDecoder *decoder)
{
	g_autoptr(GString) frame = g_string_new(NULL);

	for (RspFrame kind; (kind = rsp_decoder_next(decoder, frame)) != RSP_NEED_MORE;) {
		rsp_reply_kind(frame);
		if (kind == RSP_PACKET)
			fuzz_taken();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(RspDecoder) decoder = rsp_decoder_new(), back = rsp_decoder_new();
	g_autoptr(GString) framed = g_string_new(NULL), frame = g_string_new(NULL);
	size_t piece = size ? data[0] % 7 + 1 : 1;

	for (size_t at = 0; at < size; at += piece) {
		rsp_decoder_feed(decoder, (const char *)data + at, MIN(piece, size - at));
		decode(decoder);
	}
	rsp_encode((const char *)data, size, framed);
	rsp_decoder_feed(back, framed->str, framed->len);
	g_assert_cmpint(rsp_decoder_next(back, frame), ==, RSP_PACKET);
	g_assert_cmpmem(frame->str, frame->len, data, size);
	return 0;
}
