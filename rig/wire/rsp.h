// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GDB remote serial protocol as bytes: framing in, packets out.
 *
 * Owns no socket and no clock: the caller feeds what it read and sends what it
 * is given.  A damaged frame, an empty reply and an error reply are three
 * different answers.  Source: "Remote Protocol", GDB manual, appendix E.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct RspDecoder RspDecoder;

typedef enum {
	RSP_NEED_MORE,		/* no whole frame yet */
	RSP_ACK,		/* '+' */
	RSP_NACK,		/* '-': the peer wants the last frame again */
	RSP_PACKET,		/* a packet; its checksum was right */
	RSP_NOTIFICATION,	/* '%…': nobody asked for it and nobody acks it */
	RSP_BAD,		/* wrong checksum, an impossible escape or run, or no end in sight */
} RspFrame;

typedef enum {
	RSP_REPLY_EMPTY,	/* the stub does not know the request */
	RSP_REPLY_OK,
	RSP_REPLY_ERROR,	/* Enn */
	RSP_REPLY_DATA,		/* anything else */
} RspReply;

/* No frame of QEMU's is a tenth as long; what is longer is dropped as RSP_BAD. */
enum { RSP_MAX_BYTES = 1 << 20 };

RspDecoder *rsp_decoder_new(void);
void rsp_decoder_free(RspDecoder *decoder);

/* Take @len bytes as they came off the wire. */
void rsp_decoder_feed(RspDecoder *decoder, const char *bytes, gsize len);

/*
 * The next frame.  For PACKET and NOTIFICATION @ret is replaced by the payload,
 * unescaped and with runs expanded.
 */
RspFrame rsp_decoder_next(RspDecoder *decoder, GString *ret);

/* Frame @payload as $payload#xx into @ret, escaping what must be escaped. */
void rsp_encode(const char *payload, gsize len, GString *ret);

RspReply rsp_reply_kind(const GString *payload);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RspDecoder, rsp_decoder_free)
