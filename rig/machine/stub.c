// SPDX-License-Identifier: GPL-2.0-only
#include "machine/stub.h"

#include <stdarg.h>
#include <string.h>

#include "util/error.h"
#include "wire/rsp.h"

enum {
	REPLY_SECONDS = 30,
	MAX_RESENDS = 3,
	/* Requests that wait; their frames fit into what QEMU reads at once (CHR_READ_BUF_LEN). */
	MAX_WAITING = 32,
};

struct Stub {
	Conn *conn;
	RspDecoder *decoder;
	GString *request;	/* frames: those that wait to be sent, or were sent last … */
	GPtrArray *payloads;	/* … and what is in those that have no answer yet, to be shown */
	guint packets;		/* … and how many they are */
	bool sent;
	StubCounts counts;
	bool owes_ack;		/* the last packet's goes out with the next request */
	gint64 run_usec, ask_usec;
};

Stub *stub_new(Conn *conn)
{
	Stub *stub = g_new0(Stub, 1);

	stub->conn = conn;
	stub->decoder = rsp_decoder_new();
	stub->request = g_string_new(NULL);
	stub->payloads = g_ptr_array_new_with_free_func(g_free);
	stub->sent = true;
	return stub;
}

void stub_free(Stub *stub)
{
	if (!stub)
		return;
	conn_free(stub->conn);
	rsp_decoder_free(stub->decoder);
	g_string_free(stub->request, TRUE);
	g_ptr_array_unref(stub->payloads);
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

StubCounts stub_counts(const Stub *stub)
{
	return stub->counts;
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
			/* Of several, nobody knows which. */
			if (resends++ == MAX_RESENDS || stub->packets > 1)
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

/* To be sent with the next that is sent. */
static void enqueue(Stub *stub, const char *format, va_list args)
{
	char *payload = g_strdup_vprintf(format, args);

	g_debug("-> %s", payload);
	if (stub->sent) {
		g_string_assign(stub->request, stub->owes_ack ? "+" : "");
		g_ptr_array_set_size(stub->payloads, 0);
		stub->packets = 0;
		stub->owes_ack = stub->sent = false;
	}
	rsp_encode(payload, strlen(payload), stub->request);
	g_ptr_array_add(stub->payloads, payload);
	stub->packets++;
}

static bool take_ok(Stub *stub, GString *reply, GError **error)
{
	g_autofree char *asked = g_ptr_array_steal_index(stub->payloads, 0);

	if (!next_packet(stub, fault_deadline(REPLY_SECONDS), reply, error))
		return false;
	if (rsp_reply_kind(reply) == RSP_REPLY_OK)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "gdbstub: '%.40s' to '%.40s'",
		    reply->str, asked);
	return false;
}

/* Send what waits; all but the last @open requests of it must answer OK. */
static bool transmit(Stub *stub, guint open, GError **error)
{
	g_autoptr(GString) reply = g_string_new(NULL);
	gint64 before = g_get_monotonic_time();
	bool ok = conn_write(stub->conn, stub->request->str, stub->request->len, error);

	stub->sent = true;
	stub->counts.writes++;
	stub->counts.packets += stub->packets;
	while (ok && stub->payloads->len > open)
		ok = take_ok(stub, reply, error);
	stub->ask_usec += g_get_monotonic_time() - before;
	return ok;
}

bool stub_flush(Stub *stub, GError **error)
{
	return stub->sent || transmit(stub, 0, error);
}

bool stub_ask(Stub *stub, GString *ret, GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	enqueue(stub, format, args);
	va_end(args);
	if (!transmit(stub, 1, error))
		return false;
	gint64 before = g_get_monotonic_time();
	bool ok = next_packet(stub, fault_deadline(REPLY_SECONDS), ret, error);
	stub->ask_usec += g_get_monotonic_time() - before;
	if (!ok)
		return false;
	g_debug("<- %.60s", ret->str);

	RspReply kind = rsp_reply_kind(ret);
	if (kind != RSP_REPLY_EMPTY && kind != RSP_REPLY_ERROR)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_PROTOCOL, "gdbstub: %s to '%.40s'",
		    kind == RSP_REPLY_EMPTY ? "no such request: empty reply" : ret->str,
		    (const char *)g_ptr_array_index(stub->payloads, 0));
	return false;
}

bool stub_do(Stub *stub, GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	enqueue(stub, format, args);
	va_end(args);
	return stub->packets < MAX_WAITING || transmit(stub, 0, error);
}

bool stub_resume(Stub *stub, int seconds, GString *ret, GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	enqueue(stub, format, args);
	va_end(args);
	stub->counts.stops++;
	if (!transmit(stub, 1, error))
		return false;
	gint64 before = g_get_monotonic_time();
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
