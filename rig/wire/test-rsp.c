// SPDX-License-Identifier: GPL-2.0-only
#include "wire/rsp.h"

#include <string.h>

/* What came over the wire (QEMU 7.2, or damaged by hand), and what it means. */
static const struct {
	const char *name, *wire;
	RspFrame frame;
	const char *payload;
} recordings[] = {
	{ "ok", "$OK#9a", RSP_PACKET, "OK" },
	{ "empty", "$#00", RSP_PACKET, "" },
	{ "error", "$E22#a9", RSP_PACKET, "E22" },
	{ "stop", "$T05thread:p01.02;#07", RSP_PACKET, "T05thread:p01.02;" },
	{ "upper-case-checksum", "$OK#9A", RSP_PACKET, "OK" },
	{ "wrong-checksum", "$OK#9b", RSP_BAD, NULL },
	{ "checksum-no-hex", "$OK#zz", RSP_BAD, NULL },
	{ "truncated-payload", "$T05thr", RSP_NEED_MORE, NULL },
	{ "truncated-checksum", "$OK#9", RSP_NEED_MORE, NULL },
	{ "notification", "%Stop:T05#99", RSP_NOTIFICATION, "Stop:T05" },
	{ "ack", "+", RSP_ACK, NULL },
	{ "nack", "-", RSP_NACK, NULL },
	{ "noise-before", "\r\nxx$OK#9a", RSP_PACKET, "OK" },
	{ "run", "$0* #7a", RSP_PACKET, "0000" },
	{ "long-run", "$a*%b#12", RSP_PACKET, "aaaaaaaaab" },
	{ "run-of-nothing", "$* #4a", RSP_BAD, NULL },
	{ "run-without-count", "$0*#5a", RSP_BAD, NULL },
	{ "run-too-short", "$0*\x1d#77", RSP_BAD, NULL },
	{ "escape", "$}\x03#80", RSP_PACKET, "#" },
	{ "escaped-brace", "$a}]b#9d", RSP_PACKET, "a}b" },
	{ "escape-at-end", "$}#7d", RSP_BAD, NULL },
};

static void test_recording(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	g_autoptr(RspDecoder) decoder = rsp_decoder_new();
	g_autoptr(GString) payload = g_string_new("old");

	rsp_decoder_feed(decoder, recordings[i].wire, strlen(recordings[i].wire));
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, recordings[i].frame);
	if (recordings[i].payload)
		g_assert_cmpstr(payload->str, ==, recordings[i].payload);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_NEED_MORE);
}

/* One byte at a time, a notification in the middle: nothing is lost or mixed up. */
static void test_stream(void)
{
	static const char wire[] = "+$T05thread:p01.01;#06%Stop:T05#99$#00-";
	static const RspFrame frames[] = { RSP_ACK, RSP_PACKET, RSP_NOTIFICATION, RSP_PACKET,
					   RSP_NACK };
	g_autoptr(RspDecoder) decoder = rsp_decoder_new();
	g_autoptr(GString) payload = g_string_new(NULL);
	gsize seen = 0;

	for (gsize i = 0; i < strlen(wire); i++) {
		rsp_decoder_feed(decoder, wire + i, 1);
		RspFrame frame = rsp_decoder_next(decoder, payload);
		if (frame != RSP_NEED_MORE)
			g_assert_cmpint(frame, ==, frames[seen++]);
	}
	g_assert_cmpuint(seen, ==, G_N_ELEMENTS(frames));
}

/* After a damaged frame the next good one is found. */
static void test_recovery(void)
{
	static const char wire[] = "$OK#00$OK#9a";
	g_autoptr(RspDecoder) decoder = rsp_decoder_new();
	g_autoptr(GString) payload = g_string_new(NULL);

	rsp_decoder_feed(decoder, wire, strlen(wire));
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_BAD);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_PACKET);
}

/* A zero byte opens no frame, and a frame without an end does not take all memory. */
static void test_no_frames(void)
{
	static const char zeroes[] = "\0\0$OK#9a\0#00$#00";
	g_autofree char *endless = g_strnfill(RSP_MAX_BYTES + 1, '$');
	g_autoptr(RspDecoder) decoder = rsp_decoder_new();
	g_autoptr(GString) payload = g_string_new(NULL);

	rsp_decoder_feed(decoder, zeroes, sizeof(zeroes) - 1);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_PACKET);
	g_assert_cmpstr(payload->str, ==, "OK");
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_PACKET);
	g_assert_cmpstr(payload->str, ==, "");
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_NEED_MORE);
	rsp_decoder_feed(decoder, endless, RSP_MAX_BYTES + 1);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_BAD);
	rsp_decoder_feed(decoder, "$OK#9a", 6);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_PACKET);
}

static void test_encode(void)
{
	g_autoptr(GString) wire = g_string_new(NULL);
	g_autoptr(GString) payload = g_string_new(NULL);
	g_autoptr(RspDecoder) decoder = rsp_decoder_new();
	static const char awkward[] = "a$b#c}d*e";

	rsp_encode("vCont;s:p1.2", strlen("vCont;s:p1.2"), wire);
	g_assert_cmpstr(wire->str, ==, "$vCont;s:p1.2#f3");
	g_string_truncate(wire, 0);
	rsp_encode(awkward, strlen(awkward), wire);
	rsp_decoder_feed(decoder, wire->str, wire->len);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_PACKET);
	g_assert_cmpstr(payload->str, ==, awkward);
}

static void test_reply_kind(void)
{
	static const struct {
		const char *payload;
		RspReply kind;
	} replies[] = {
		{ "", RSP_REPLY_EMPTY }, { "OK", RSP_REPLY_OK }, { "E14", RSP_REPLY_ERROR },
		{ "E1", RSP_REPLY_DATA }, { "Exy", RSP_REPLY_DATA }, { "E140", RSP_REPLY_DATA },
		{ "T05", RSP_REPLY_DATA },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(replies); i++) {
		g_autoptr(GString) payload = g_string_new(replies[i].payload);
		g_assert_cmpint(rsp_reply_kind(payload), ==, replies[i].kind);
	}
}

/* A NUL is noise: no notification that swallows what comes behind it. */
static void test_nul(void)
{
	static const char wire[] = "\0\0$OK#9a\0+";
	g_autoptr(RspDecoder) decoder = rsp_decoder_new();
	g_autoptr(GString) payload = g_string_new(NULL);

	rsp_decoder_feed(decoder, wire, sizeof(wire) - 1);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_PACKET);
	g_assert_cmpstr(payload->str, ==, "OK");
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_ACK);
	g_string_assign(payload, "OK");
	g_string_append_len(payload, "\0x", 2);
	g_assert_cmpint(rsp_reply_kind(payload), ==, RSP_REPLY_DATA);
}

/* A frame that never ends is dropped, and the next one is found. */
static void test_endless(void)
{
	g_autofree char *much = g_strnfill(RSP_MAX_BYTES, 'x');
	g_autoptr(RspDecoder) decoder = rsp_decoder_new();
	g_autoptr(GString) payload = g_string_new(NULL);

	rsp_decoder_feed(decoder, "$", 1);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_NEED_MORE);
	rsp_decoder_feed(decoder, much, RSP_MAX_BYTES);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_BAD);
	rsp_decoder_feed(decoder, "$OK#9a", 6);
	g_assert_cmpint(rsp_decoder_next(decoder, payload), ==, RSP_PACKET);
}

/* Random bytes, a fixed seed: any answer is fine, reading out of bounds is not. */
static void test_noise(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);
	g_autoptr(RspDecoder) decoder = rsp_decoder_new();
	g_autoptr(GString) payload = g_string_new(NULL);
	static const char alphabet[] = "$#%+-*}0aE\x7f\x01";
	int frames = 0;

	for (int i = 0; i < 200000; i++) {
		rsp_decoder_feed(decoder, &alphabet[g_rand_int_range(rand, 0, sizeof(alphabet))], 1);
		while (rsp_decoder_next(decoder, payload) != RSP_NEED_MORE)
			frames++;
	}
	g_assert_cmpint(frames, >, 1000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(recordings); i++) {
		g_autofree char *path = g_strconcat("/rsp/recording/", recordings[i].name, NULL);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_recording);
	}
	g_test_add_func("/rsp/stream", test_stream);
	g_test_add_func("/rsp/recovery", test_recovery);
	g_test_add_func("/rsp/no-frames", test_no_frames);
	g_test_add_func("/rsp/encode", test_encode);
	g_test_add_func("/rsp/reply-kind", test_reply_kind);
	g_test_add_func("/rsp/nul", test_nul);
	g_test_add_func("/rsp/endless", test_endless);
	g_test_add_func("/rsp/noise", test_noise);
	return g_test_run();
}
