// SPDX-License-Identifier: GPL-2.0-only
#include "wire/rsp.h"

#include <string.h>

struct RspDecoder {
	GString *input;		/* bytes not yet made into a frame */
};

RspDecoder *rsp_decoder_new(void)
{
	RspDecoder *decoder = g_new0(RspDecoder, 1);

	decoder->input = g_string_new(NULL);
	return decoder;
}

void rsp_decoder_free(RspDecoder *decoder)
{
	if (!decoder)
		return;
	g_string_free(decoder->input, TRUE);
	g_free(decoder);
}

void rsp_decoder_feed(RspDecoder *decoder, const char *bytes, gsize len)
{
	g_string_append_len(decoder->input, bytes, len);
}

static guint8 checksum(const char *bytes, gsize len)
{
	guint8 sum = 0;

	for (gsize i = 0; i < len; i++)
		sum += (guint8)bytes[i];
	return sum;
}

/* Undo '}' escapes and 'c*n' runs. */
static bool expand(const char *raw, gsize len, GString *ret)
{
	enum { RUN_BIAS = 29, RUN_MIN = 3 };

	g_string_truncate(ret, 0);
	for (gsize i = 0; i < len; i++) {
		if (raw[i] == '}') {
			if (++i == len)
				return false;
			g_string_append_c(ret, raw[i] ^ 0x20);
		} else if (raw[i] == '*') {
			if (++i == len || !ret->len)
				return false;
			int run = (guint8)raw[i] - RUN_BIAS;
			if (run < RUN_MIN || (guint8)raw[i] > 126)
				return false;
			char last = ret->str[ret->len - 1];
			while (run--)
				g_string_append_c(ret, last);
		} else {
			g_string_append_c(ret, raw[i]);
		}
	}
	return true;
}

/* A NUL is none, although strchr() finds one in every string. */
static bool is_lead(char byte)
{
	return byte && strchr("$%+-", byte);
}

RspFrame rsp_decoder_next(RspDecoder *decoder, GString *ret)
{
	GString *input = decoder->input;
	gsize start = 0;

	/* Bytes between frames carry no meaning; the stub may send none. */
	while (start < input->len && !is_lead(input->str[start]))
		start++;
	g_string_erase(input, 0, start);
	if (!input->len)
		return RSP_NEED_MORE;

	char lead = input->str[0];
	if (lead == '+' || lead == '-') {
		g_string_erase(input, 0, 1);
		return lead == '+' ? RSP_ACK : RSP_NACK;
	}

	const char *hash = memchr(input->str, '#', input->len);
	if (!hash && input->len > RSP_MAX_BYTES) {
		g_string_truncate(input, 0);
		return RSP_BAD;
	}
	if (!hash || hash + 2 >= input->str + input->len)
		return RSP_NEED_MORE;
	gsize len = hash - input->str - 1;
	int high = g_ascii_xdigit_value(hash[1]);
	int low = g_ascii_xdigit_value(hash[2]);
	bool good = high >= 0 && low >= 0 &&
		    checksum(input->str + 1, len) == high * 16 + low &&
		    expand(input->str + 1, len, ret);

	g_string_erase(input, 0, len + 4);
	if (!good)
		return RSP_BAD;
	return lead == '$' ? RSP_PACKET : RSP_NOTIFICATION;
}

void rsp_encode(const char *payload, gsize len, GString *ret)
{
	g_string_append_c(ret, '$');
	gsize start = ret->len;
	for (gsize i = 0; i < len; i++) {
		if (payload[i] && strchr("$#}*", payload[i])) {
			g_string_append_c(ret, '}');
			g_string_append_c(ret, payload[i] ^ 0x20);
		} else {
			g_string_append_c(ret, payload[i]);
		}
	}
	guint8 sum = checksum(ret->str + start, ret->len - start);
	g_string_append_printf(ret, "#%02x", sum);
}

RspReply rsp_reply_kind(const GString *payload)
{
	if (!payload->len)
		return RSP_REPLY_EMPTY;
	if (payload->len == 2 && memcmp(payload->str, "OK", 2) == 0)
		return RSP_REPLY_OK;
	if (payload->len == 3 && payload->str[0] == 'E' &&
	    g_ascii_isxdigit(payload->str[1]) && g_ascii_isxdigit(payload->str[2]))
		return RSP_REPLY_ERROR;
	return RSP_REPLY_DATA;
}
