// SPDX-License-Identifier: GPL-2.0-only
#include "machine/stub.h"

#include <stdarg.h>
#include <string.h>

#include "util/error.h"
#include "wire/rsp.h"

enum { REPLY_SECONDS = 30, MAX_RESENDS = 3 };

struct Stub {
	Conn *conn;
	RspDecoder *decoder;
	GString *request;	/* the framed request, kept for a resend */
	bool owes_ack;		/* the last packet's goes out with the next request */
	gint64 run_usec, ask_usec;
};

Stub *stub_new(Conn *conn)
{
	Stub *stub = g_new0(Stub, 1);

	stub->conn = conn;
	stub->decoder = rsp_decoder_new();
	stub->request = g_string_new(NULL);
	return stub;
}

void stub_free(Stub *stub)
{
	if (!stub)
		return;
	conn_free(stub->conn);
	rsp_decoder_free(stub->decoder);
	g_string_free(stub->request, TRUE);
	g_free(stub);
}

static bool protocol_error(GError **error, const char *what)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "gdbstub: %s", what);
	return false;
}

gint64 stub_run_usec(const Stub *stub)
{
	return stub->run_usec;
}

gint64 stub_ask_usec(const Stub *stub)
{
	return stub->ask_usec;
}

/* Read frames until a packet: resend on '-', ask again after a damaged one. */
static bool next_packet(Stub *stub, int seconds, GString *ret, GError **error)
{
	int resends = 0;

	for (;;) {
		RspFrame frame = rsp_decoder_next(stub->decoder, ret);

		switch (frame) {
		case RSP_PACKET:
			/* QEMU waits for no ack: alone, it would only be woken to read it. */
			stub->owes_ack = true;
			return true;
		case RSP_ACK:
		case RSP_NOTIFICATION:
			break;
		case RSP_NACK:
		case RSP_BAD:
			if (resends++ == MAX_RESENDS)
				return protocol_error(error, "too many damaged packets");
			if (frame == RSP_BAD
				    ? !conn_write(stub->conn, "-", 1, error)
				    : !conn_write(stub->conn, stub->request->str,
						  stub->request->len, error))
				return false;
			break;
		case RSP_NEED_MORE: {
			char buffer[16384];
			gssize got = conn_read(stub->conn, buffer, sizeof(buffer), seconds, error);

			if (got < 0)
				return false;
			rsp_decoder_feed(stub->decoder, buffer, got);
			break;
		}
		}
	}
}

static bool send_request(Stub *stub, const char *format, va_list args, GError **error)
{
	g_autofree char *payload = g_strdup_vprintf(format, args);

	g_debug("-> %s", payload);
	g_string_assign(stub->request, stub->owes_ack ? "+" : "");
	stub->owes_ack = false;
	rsp_encode(payload, strlen(payload), stub->request);
	return conn_write(stub->conn, stub->request->str, stub->request->len, error);
}

/* One request and its answer. */
static bool exchange(Stub *stub, GString *ret, const char *format, va_list args, GError **error)
{
	gint64 before = g_get_monotonic_time();
	bool ok = send_request(stub, format, args, error) &&
		  next_packet(stub, fault_deadline(REPLY_SECONDS), ret, error);

	stub->ask_usec += g_get_monotonic_time() - before;
	return ok;
}

/* The request that the next reply is about, to be shown. */
static const char *asked(const Stub *stub)
{
	return strchr(stub->request->str, '$');
}

bool stub_ask(Stub *stub, GString *ret, GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	bool ok = exchange(stub, ret, format, args, error);
	va_end(args);
	if (!ok)
		return false;
	g_debug("<- %.60s", ret->str);

	RspReply kind = rsp_reply_kind(ret);
	if (kind != RSP_REPLY_EMPTY && kind != RSP_REPLY_ERROR)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "gdbstub: %s to '%.40s'",
		    kind == RSP_REPLY_EMPTY ? "no such request: empty reply" : ret->str,
		    asked(stub));
	return false;
}

bool stub_do(Stub *stub, GError **error, const char *format, ...)
{
	g_autoptr(GString) reply = g_string_new(NULL);
	va_list args;

	va_start(args, format);
	bool ok = exchange(stub, reply, format, args, error);
	va_end(args);
	if (!ok)
		return false;
	if (rsp_reply_kind(reply) == RSP_REPLY_OK)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "gdbstub: '%.40s' to '%.40s'",
		    reply->str, asked(stub));
	return false;
}

bool stub_resume(Stub *stub, int seconds, GString *ret, GError **error, const char *format, ...)
{
	gint64 before = g_get_monotonic_time();
	va_list args;

	va_start(args, format);
	bool sent = send_request(stub, format, args, error);
	va_end(args);
	if (!sent)
		return false;
	do {
		if (!next_packet(stub, seconds, ret, error))
			return false;
		g_debug("<- %.60s", ret->str);
	} while (ret->str[0] == 'O');	/* console output of the stub's monitor */
	stub->run_usec += g_get_monotonic_time() - before;
	return true;
}

bool stub_interrupt(Stub *stub, GString *ret, GError **error)
{
	return conn_write(stub->conn, "\x03", 1, error) &&
	       next_packet(stub, fault_deadline(REPLY_SECONDS), ret, error);
}
